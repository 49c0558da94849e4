"""Pages of the rows in which something is missing: code that was written with complete rows in mind fails on those."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from .smoke_models import models, own_pages
from .smoke_operation import Operation, Perform, Refused
from .smoke_requests import fetch, shape

PER_MODEL = 12
LIMIT = 60
#: For looking for rows, which may be rare in large tables, and for their pages.
SECONDS = 20

# Fields of which the empty text is what a form leaves.
_TEXTS = ("CharField", "TextField", "EmailField", "URLField", "SlugField", "FileField", "ImageField")


def visit_gaps(perform: Perform) -> None:
    """Asks as a visitor for the page of one row for each field that some row leaves empty."""
    deadline = time.monotonic() + SECONDS
    done = 0
    for model in models():
        if not hasattr(model, "get_absolute_url"):
            continue
        for field, path in _pages(model, deadline):
            if done == LIMIT or time.monotonic() > deadline:
                return
            done += 1
            perform(Operation(f"GET {shape(path)} where {field} is empty", lambda path=path: _ask(path)))


def _pages(model: Any, deadline: float) -> Iterator[tuple[str, str]]:
    found = 0
    for field in model._meta.concrete_fields:
        if found == PER_MODEL or time.monotonic() > deadline:
            return
        path = _page(model, field)
        if path is not None:
            found += 1
            yield field.name, path


def _page(model: Any, field: Any) -> str | None:
    """The page of a row whose field is empty."""
    text = field.get_internal_type() in _TEXTS
    if field.primary_key or not (field.null or (text and field.blank)):
        return None
    having = {f"{field.name}__isnull": True} if field.null else {field.name: ""}
    return next(iter(own_pages(model, 1, **having)), None)


def _ask(path: str) -> Any:
    try:
        return fetch(path)
    except Refused as refused:
        # A row that visitors may not see has no page for them; a server that fails is another matter.
        if str(refused).startswith("status 4"):
            return None
        raise
