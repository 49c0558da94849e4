"""Rows of a project's models: those that are there, and new ones that its database takes."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .smoke_operation import note_made_up
from .smoke_values import made_up, others

DEPTH_LIMIT = 3
RELATED_LIMIT = 50
#: Columns of a row that other values are made for.
OTHERS = 3

# Fields of which the empty text is what a form leaves.
_TEXTS = ("CharField", "TextField", "EmailField", "URLField", "SlugField", "FileField", "ImageField")

#: Key of the superuser that was made where there is none, by its field.
_made_superuser: dict[str, Any] = {}


def models() -> list[Any]:
    """The models whose tables are in the default database and are this project's to write, in order of their names."""
    from django.apps import apps
    from django.db import router

    return sorted(
        (
            model
            for model in apps.get_models(include_auto_created=True)
            if model._meta.managed
            and not model._meta.proxy
            and not model._meta.swapped
            and router.allow_migrate_model("default", model)
            and router.db_for_write(model) == "default"
        ),
        key=lambda model: model._meta.label,
    )


def own_pages(model: Any, limit: int, **having: Any) -> list[str]:
    """The pages of the first rows that are so; none where they have none."""
    from .smoke_requests import is_page

    if not hasattr(model, "get_absolute_url"):
        return []
    rows = model._base_manager.using("default").filter(**having)
    try:
        # Rows of a kind may be rare: whoever wants the first of those would read the whole table.
        paths = [str(row.get_absolute_url()) for row in (rows.order_by() if having else rows.order_by("pk"))[:limit]]
    except Exception:
        return []
    return [path for path in paths if path.startswith("/") and is_page(path)]


def emptiness(field: Any) -> dict[str, Any] | None:
    """What a row has in which a field is left empty, as a filter; None where none may be."""
    text = field.get_internal_type() in _TEXTS
    if field.primary_key or not (field.null or (text and field.blank)):
        return None
    return {f"{field.name}__isnull": True} if field.null else {field.name: ""}


@contextmanager
def limited(deadline: float) -> Iterator[None]:
    """Ends what the current transaction reads at a time of ``time.monotonic()``: large tables may be read as a whole."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{max(1, int(deadline - time.monotonic()))}s'")
    yield


def user_rights(model: Any, superuser: bool) -> dict[str, bool]:
    """What makes an active user one who may do all, or nothing; of models of users, not all have each of these fields."""
    known = {field.name for field in model._meta.concrete_fields}
    rights = {"is_superuser": superuser, "is_staff": superuser, "is_active": True}
    return {name: value for name, value in rights.items() if name in known}


def superuser() -> Any:
    """The first active superuser, or one that is made."""
    from django.contrib.auth import get_user_model

    model = get_user_model()
    rights = user_rights(model, superuser=True)
    user = model._base_manager.using("default").filter(**rights).order_by("pk").first()
    if user is None:
        key = model._meta.pk.attname
        user = insert(model, given={**rights, **_made_superuser})
        # The same each time: what one answer links to is there in the next.
        _made_superuser[key] = getattr(user, key)
    return user


def insert(model: Any, given: dict[str, Any] | None = None, like: Any = None, depth: int = 0) -> Any:
    """Saves a copy of a row (``like``, else the first, else one that is made up) as a new one and returns it.

    Where the row's copy would break one of the database's unique indexes, values of it are others, also for indexes
    that the model does not know: what the running code would store is different each time, too.
    """
    row = like or first(model)
    if row is None:
        note_made_up()
        row = _made_up(model, depth)
    for ancestor in (model, *model._meta.get_parent_list()):
        _renew_key(row, ancestor)
    for name, value in (given or {}).items():
        setattr(row, name, value)
    row._state.adding = True
    # Related objects that were read belong to the row that this was.
    row._state.fields_cache.clear()
    for index in _unique_indexes(model):
        _make_unique(row, index, set(given or {}), depth)
    row.save()
    return row


@dataclass(frozen=True)
class UniqueIndex:
    """A unique index of the database by the columns that tell rows apart."""

    model: Any
    columns: tuple[str, ...]


def other_values(row: Any) -> list[tuple[Any, Any]]:
    """Fields of a row that mean nothing to others, with another value for each."""
    found = []
    for field in row._meta.local_concrete_fields:
        value = getattr(row, field.attname)
        tied = field.is_relation or field.unique or field.primary_key or getattr(field, "generated", False)
        if tied or value is None or isinstance(value, (list, dict)):
            continue
        other = next(others(field, value), None)
        if other is not None:
            found.append((field, other))
    return found[:OTHERS]


def first(model: Any, order: str = "pk") -> Any:
    """The first row in an order; None where there is none."""
    return model._base_manager.using("default").order_by(order).first()


def anywhere(model: Any) -> Any:
    """A row by chance; None where there is none, or keys have no order that one could reach into."""
    from django.db.models import Max, Min

    rows = model._base_manager.using("default")
    ends = rows.aggregate(low=Min("pk"), high=Max("pk"))
    if not isinstance(ends["low"], int):
        return None
    return rows.filter(pk__gte=random.randint(ends["low"], ends["high"])).order_by("pk").first()


def _renew_key(row: Any, model: Any) -> None:
    key = model._meta.pk
    # The key of a child in multi-table inheritance is that of its parent, and the parent's is set in its turn.
    if _is_automatic(key) or _is_parent_link(key):
        setattr(row, key.attname, None)
    elif key.has_default() or getattr(key, "has_db_default", lambda: False)():
        setattr(row, key.attname, key.get_default())


def _is_automatic(field: Any) -> bool:
    from django.db.models import AutoField

    return isinstance(field, AutoField)


def may_be_left_out(field: Any) -> bool:
    if field.unique or getattr(field, "generated", False) or getattr(field, "auto_now_add", False):
        return False
    return field.null or field.blank or field.has_default()


def _is_parent_link(field: Any) -> bool:
    return bool(field.remote_field and getattr(field.remote_field, "parent_link", False))


def _made_up(model: Any, depth: int) -> Any:
    row = model()
    for field in model._meta.concrete_fields:
        if getattr(field, "generated", False) or field.primary_key and _is_automatic(field) or _is_parent_link(field):
            continue
        if field.null or getattr(row, field.attname) not in (None, "") or getattr(field, "auto_now_add", False):
            continue
        if field.is_relation:
            related = _related(field)
            target = first(related) if related else None
            if target is None and related is not None and depth < DEPTH_LIMIT:
                target = insert(related, depth=depth + 1)
            value = getattr(target, field.target_field.attname, None) if target is not None else None
        elif field.has_default():
            continue
        else:
            value = made_up(field)
        if value is not None:
            setattr(row, field.attname, value)
    return row


def _related(field: Any) -> Any:
    return field.remote_field.model if field.remote_field else None


def _make_unique(row: Any, index: UniqueIndex, given: set[str], depth: int) -> None:
    fields = {field.column: field for field in index.model._meta.local_concrete_fields}
    known = [fields[column] for column in index.columns if column in fields]
    if not known or any(getattr(field, "generated", False) for field in known):
        return
    values = {field: getattr(row, field.attname) for field in known}
    if any(_is_automatic(field) or value is None or _is_unset(value) for field, value in values.items()):
        # Rows with a null differ from all others, and what the database itself sets is its own matter.
        return
    if not _exists(index.model, values):
        return
    for field in sorted(known, key=_reluctance):
        if field.name in given:
            continue
        for candidate in _candidates(field, values[field], row, depth):
            if not _exists(index.model, {**values, field: candidate}):
                setattr(row, field.attname, candidate)
                return


def _is_unset(value: Any) -> bool:
    return hasattr(value, "resolve_expression")


def _exists(model: Any, values: dict[Any, Any]) -> bool:
    rows = model._base_manager.using("default")
    return rows.filter(**{field.attname: value for field, value in values.items()}).exists()


def _reluctance(field: Any) -> int:
    """Which column of an index to change: one that means little by itself before one that ties rows together."""
    if field.is_relation:
        return 2
    return 1 if field.choices or field.get_internal_type() == "BooleanField" else 0


def _candidates(field: Any, value: Any, row: Any, depth: int) -> Iterator[Any]:
    if not field.is_relation:
        yield from others(field, value)
        return
    related = _related(field)
    target = field.target_field.attname
    rows = related._base_manager.using("default").exclude(**{target: value})
    yield from rows.order_by("pk").values_list(target, flat=True)[:RELATED_LIMIT]
    if depth < DEPTH_LIMIT:
        yield getattr(insert(related, depth=depth + 1), target)


def _unique_indexes(model: Any) -> list[UniqueIndex]:
    """What the database, rather than the model, says is unique, in the model's table and those of its parents."""
    from django.db import connections

    found = []
    for owner in (*model._meta.get_parent_list(), model):
        with connections["default"].cursor() as cursor:
            # Columns of expressions stand in the index's dependencies alone. Catalogues are read without locks.
            cursor.execute(
                "SELECT i.indexrelid, a.attname, a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) "
                "FROM pg_index i "
                "JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid "
                "AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid "
                "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid "
                "WHERE i.indisunique AND i.indrelid = to_regclass(%s) "
                "UNION "
                "SELECT i.indexrelid, a.attname, true "
                "FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
                "AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) "
                "WHERE i.indisunique AND i.indrelid = to_regclass(%s) "
                "ORDER BY 1, 2",
                [connections["default"].ops.quote_name(owner._meta.db_table)] * 2,
            )
            columns: dict[int, dict[str, bool]] = {}
            for index, column, plain in cursor.fetchall():
                found_plain = columns.setdefault(index, {}).get(column, False)
                columns[index][column] = plain or found_plain
        for of_index in columns.values():
            plain_columns = tuple(column for column, plain in of_index.items() if plain)
            found.append(UniqueIndex(owner, plain_columns or tuple(of_index)))
    return found
