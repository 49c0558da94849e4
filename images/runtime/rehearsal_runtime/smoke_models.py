"""Reads and writes of each model by its own code, as the project's release knows it."""

from __future__ import annotations

from typing import Any

from .smoke_operation import Operation, Refused, note_made_up
from .smoke_rows import anywhere, first, insert, may_be_left_out, other_values
from .smoke_values import long_text

CHOICES_LIMIT = 12
SEVERAL = 2


def choices(model: Any) -> list[Operation]:
    """Saving a row with each other value that the model names for a field: some are rare, and yet written some day."""

    def save(field: Any, value: Any) -> None:
        row = first(model)
        if row is None:
            insert(model, given={field.attname: value})
        else:
            setattr(row, field.attname, value)
            row.save()

    return [
        Operation(f"UPDATE {model._meta.label} with {field.name} {value}", lambda at=(field, value): save(*at), model._meta.db_table)
        for field in model._meta.local_concrete_fields
        if field.choices and not field.unique and not field.primary_key
        for value, _ in list(field.flatchoices)[:CHOICES_LIMIT]
    ]


def reads(model: Any) -> list[Operation]:
    """Reading one row with all columns."""
    return [Operation(f"SELECT {model._meta.label}", lambda: first(model), model._meta.db_table)]


def writes(model: Any) -> list[Operation]:
    """Saving a row anew, inserting one, and deleting the one that was inserted."""

    def update() -> None:
        row = first(model)
        if row is None:
            insert(model).save()
            return
        columns = [field.attname for field in model._meta.local_concrete_fields]
        before = {name: getattr(row, name) for name in columns}
        row.save()
        saved = first(model)
        if saved is not None and saved.pk == row.pk:
            updating.touched = [name for name in columns if getattr(saved, name) != before[name]]

    def delete() -> None:
        from django.db.models import Model

        deleted = insert(model).delete()
        # A model of which rows are only marked as deleted has a method of its own.
        if model.delete is Model.delete and deleted[0] == 0:
            raise Refused("DELETE succeeds and the row is still there: a rule or a trigger of its table keeps it")

    table = model._meta.db_table
    updating = Operation(f"UPDATE {model._meta.label}", update, table)
    return [
        updating,
        Operation(f"INSERT {model._meta.label}", lambda: insert(model), table),
        Operation(f"DELETE {model._meta.label}", delete, table),
    ]


def strewn_writes(model: Any) -> list[Operation]:
    """Saving another row each time: a migration that changes all rows has those first that lie where it begins.

    Where the row itself is what cannot be saved, nobody was kept from saving it.
    """

    def update() -> None:
        from django.db import OperationalError

        row = anywhere(model)
        if row is None:
            return
        try:
            row.save()
        except OperationalError:
            raise
        except Exception:
            return

    return [Operation(f"UPDATE {model._meta.label}, any row", update, model._meta.db_table)]


def omissions(model: Any) -> list[Operation]:
    """Inserting a row with one value left out at a time: the model's default is there, or nothing."""
    return [
        Operation(
            f"INSERT {model._meta.label} without {field.name}",
            lambda field=field: insert(model, given={field.attname: field.get_default()}),
            model._meta.db_table,
        )
        for field in model._meta.concrete_fields
        if may_be_left_out(field)
    ]


def long_texts(model: Any) -> list[Operation]:
    """Inserting a row with a text of some thousand letters, in each field that says nothing of a limit."""
    return [
        Operation(
            f"INSERT {model._meta.label} with a long text in {field.name}",
            lambda field=field: insert(model, given={field.attname: long_text()}),
            model._meta.db_table,
        )
        for field in model._meta.local_concrete_fields
        if field.get_internal_type() == "TextField" and not (field.max_length or field.choices or field.unique)
    ]


def later_rows(model: Any) -> list[Operation]:
    """Inserting a row with the dates of days to come: partitions and rules may end with the days that are there."""
    import datetime

    from django.utils import timezone

    def save(field: Any, days: int) -> None:
        day = timezone.now() + datetime.timedelta(days=days)
        # The newest is the most like those to come.
        insert(model, given={field.attname: day.date() if _is_date(field) else day}, like=first(model, "-pk"))

    return [
        Operation(
            f"INSERT {model._meta.label} with {field.name} {called}",
            lambda at=(field, days): save(*at),
            model._meta.db_table,
        )
        for field in model._meta.local_concrete_fields
        if field.get_internal_type() in ("DateField", "DateTimeField") and not (field.auto_now or field.auto_now_add)
        for called, days in (("of today", 0), ("in a year", 366))
    ]


def _is_date(field: Any) -> bool:
    return field.get_internal_type() == "DateField"


def rewrites(model: Any) -> list[Operation]:
    """Storing another value and reading it again: a trigger may put back the one that was there, without a word."""

    def rewrite() -> None:
        from django.db import DatabaseError, transaction

        note_made_up()
        row = first(model) or insert(model)
        rows = model._base_manager.using("default").filter(pk=row.pk)
        kept = []
        for field, value in other_values(row):
            try:
                with transaction.atomic(using="default"):
                    rows.update(**{field.attname: value})
            except DatabaseError:
                # A constraint may refuse what is made up.
                continue
            # Some columns are meant to stay as they are.
            if rows.values_list(field.attname, flat=True).get() != getattr(row, field.attname):
                return
            kept.append(field.name)
        if len(kept) > 1:
            raise Refused(f"UPDATE succeeds and the row keeps its values of {', '.join(kept)}: a rule or a trigger puts them back")

    return [Operation(f"UPDATE {model._meta.label}, read again", rewrite, model._meta.db_table)]


def project_writes(model: Any) -> list[Operation]:
    """Saving as the project's code does: a row that its own managers find, and several in one statement, whose values come
    with types where single ones do not."""

    def insert_several() -> None:
        from django.db import IntegrityError, transaction

        note_made_up()
        rows = []
        for _ in range(SEVERAL):
            try:
                with transaction.atomic(using="default"):
                    rows.append(insert(model))
            except IntegrityError:
                # Some tables have no room for one more.
                return
        manager = model._base_manager.using("default")
        # Without what else hangs on a deletion: they only make room for themselves.
        manager.filter(pk__in=[row.pk for row in rows])._raw_delete("default")
        for row in rows:
            row._state.adding = True
        manager.bulk_create(rows)

    def update_several() -> None:
        manager = model._base_manager.using("default")
        rows = list(manager.order_by("pk")[:SEVERAL])
        names = [field.name for field in model._meta.local_concrete_fields if not (field.primary_key or getattr(field, "generated", False))]
        if rows and names:
            manager.bulk_update(rows, names)

    def update_as_found() -> None:
        # Through the managers and routers that the project's own code goes through.
        row = model._default_manager.order_by("pk").first()
        if row is not None:
            row.save()

    as_found = Operation(f"UPDATE {model._meta.label}, as the project finds it", update_as_found, model._meta.db_table)
    if model._meta.parents:
        return [as_found]
    return [
        as_found,
        Operation(f"INSERT several {model._meta.label}", insert_several, model._meta.db_table),
        Operation(f"UPDATE several {model._meta.label}", update_several, model._meta.db_table),
    ]
