"""Pages of rows that are unlike the first ones: in which something is missing, or which are of another kind.

Code that was written with complete rows in mind fails on the former; a branch or a file for each kind of row, which one kind
does not have, on the latter.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from .smoke_rows import emptiness, limited, models, own_pages
from .smoke_operation import Operation, Perform, Refused
from .smoke_requests import fetch, shape

PER_MODEL = 12
#: A field with more different values than these, or with fewer rows for each, says something of each row and of no kind.
KINDS = 12
ROWS_OF_A_KIND = 3
LIMIT = 100
#: For looking for rows, which may be rare in large tables, and for their pages.
SECONDS = 20
LONGEST_VALUE = 40

_KINDS = ("CharField", "SlugField", "BooleanField", "SmallIntegerField", "PositiveSmallIntegerField")


def visit_unusual(perform: Perform) -> None:
    """Asks as a visitor for the page of one row for each field that some row leaves empty, and for each kind of rows."""
    deadline = time.monotonic() + SECONDS
    done = 0
    for model in models():
        if not hasattr(model, "get_absolute_url"):
            continue
        for pages in (_incomplete, _of_each_kind):
            for what, path in pages(model, deadline):
                if done == LIMIT or time.monotonic() > deadline:
                    return
                done += 1
                perform(Operation(f"GET {shape(path)} where {what}", lambda path=path: _ask(path)))


def _incomplete(model: Any, deadline: float) -> Iterator[tuple[str, str]]:
    found = 0
    for field in model._meta.concrete_fields:
        if found == PER_MODEL or time.monotonic() > deadline:
            return
        empty = emptiness(field)
        if empty is not None:
            for path in own_pages(model, 1, **empty):
                found += 1
                yield f"{field.name} is empty", path


def _of_each_kind(model: Any, deadline: float) -> Iterator[tuple[str, str]]:
    from django.db.models import EmailField, URLField

    for field in model._meta.concrete_fields:
        if field.get_internal_type() not in _KINDS or field.unique or isinstance(field, (EmailField, URLField)):
            continue
        for value in _values(model, field, deadline):
            if time.monotonic() > deadline:
                return
            for path in own_pages(model, 1, **{field.name: value}):
                yield f"{field.name} is {str(value)[:LONGEST_VALUE]}", path


def _values(model: Any, field: Any, deadline: float) -> list[Any]:
    """The values of a field that has few; none where rows have many."""
    from django.db import DatabaseError, transaction

    rows = model._base_manager.using("default").order_by()
    try:
        with transaction.atomic(), limited(deadline):
            values = list(rows.values_list(field.name, flat=True).distinct()[: KINDS + 1])
    except DatabaseError:
        return []
    kinds = [value for value in values if value not in (None, "")]
    if not 1 < len(kinds) <= len(values) <= KINDS:
        return []
    told = field.choices or field.get_internal_type() == "BooleanField"
    least = ROWS_OF_A_KIND * len(values)
    return sorted(kinds, key=str) if told or rows[:least].count() == least else []


def _ask(path: str) -> Any:
    try:
        return fetch(path)
    except Refused as refused:
        # A row that visitors may not see has no page for them; a server that fails is another matter.
        if str(refused).startswith("status 4"):
            return None
        raise
