"""Text that holds markup, on the pages that show it: whoever may write such text would write into other people's pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from .smoke_rows import models, own_pages
from .smoke_operation import Operation, Perform, Refused
from .smoke_requests import content_of, fetch, shape

#: Rows of a model whose text is changed: those that lists show stand at either end.
ROWS = 100
PAGES = 12
SECONDS = 30

_TEXTS = ("CharField", "TextField")


def show_markup(requests: dict[str, Operation], perform: Perform) -> None:
    """Asks as a visitor for pages whose rows hold markup in their texts; a page fails that does not escape it.

    :param requests: what has been asked for, by its path
    """
    deadline = time.monotonic() + SECONDS
    for model in models():
        marks = dict(_marks(model))
        if not marks:
            continue
        for path in _pages(model, requests):
            if time.monotonic() > deadline:
                return
            name = f"GET {shape(path)} with markup in {model._meta.label}"
            perform(Operation(name, lambda at=(model, marks, path): _ask(*at)))


def _marks(model: Any) -> Iterator[tuple[Any, str]]:
    """Fields that take any text, with the markup that is put into each."""
    for number, field in enumerate(model._meta.local_concrete_fields):
        kind = field.get_internal_type()
        mark = f"<q{number}>"
        # A field of a kind of its own holds no text that somebody writes freely, or checks what is written.
        plain = kind in _TEXTS and type(field).__name__ == kind
        longest = field.max_length or 255
        if plain and not (field.choices or field.primary_key) and longest >= 2 * len(mark):
            yield field, mark


def _pages(model: Any, requests: dict[str, Operation]) -> list[str]:
    """Paths that read the model's table, and a row's own page."""
    table = model._meta.db_table
    paths = [path for path, operation in requests.items() if table in operation.identifiers]
    paths += own_pages(model, 1)
    shapes: dict[str, str] = {}
    for path in paths:
        shapes.setdefault(shape(path), path)
    return list(shapes.values())[:PAGES]


def _ask(model: Any, marks: dict[Any, str], path: str) -> None:
    shown = _unescaped(model, marks, path)
    if shown is None:
        # The page looks something up by one of the texts, and does not find it any more.
        shown = [name for field, mark in marks.items() for name in _unescaped(model, {field: mark}, path) or []]
    if shown:
        names = ", ".join(f"{model._meta.label}.{name}" for name in shown)
        raise Refused(f"markup in {names} is not escaped: it becomes a part of the page")


def _unescaped(model: Any, marks: dict[Any, str], path: str) -> list[str] | None:
    """Fields whose markup the page shows as it is; None where there is no page with such texts."""
    from django.db import transaction

    with transaction.atomic(using="default"):
        try:
            _write(model, marks)
            response = fetch(path)
            if response.headers.get("Content-Type", "").partition(";")[0].strip() != "text/html":
                return []
            text = content_of(response)
        except Exception:
            return None
        finally:
            transaction.set_rollback(True, using="default")
    return [field.name for field, mark in marks.items() if mark in text]


def _write(model: Any, marks: dict[Any, str]) -> None:
    from django.db import DatabaseError, transaction
    from django.db.models import CharField, F, TextField, Value
    from django.db.models.functions import Concat, Left

    rows = model._base_manager.using("default")
    keys = [*rows.order_by("pk").values_list("pk", flat=True)[: ROWS // 2]]
    keys += rows.order_by("-pk").values_list("pk", flat=True)[: ROWS // 2]
    for field, mark in marks.items():
        kind = TextField() if field.max_length is None else CharField()
        text: Any = Concat(Value(mark), F(field.name), output_field=kind)
        if field.max_length is not None:
            text = Left(text, field.max_length)
        try:
            with transaction.atomic(using="default"):
                rows.filter(pk__in=keys).exclude(**{field.name: ""}).update(**{field.name: text})
        except DatabaseError:
            # A rule of the table's own refuses such text.
            continue
