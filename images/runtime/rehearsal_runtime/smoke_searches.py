"""Search forms, sent with what people look for: words that the data has, and what they paste, with brackets, quotes and signs
that mean something to a query.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import urlencode, urljoin

from .smoke_answers import PAGE, kind_of
from .smoke_operation import Operation, Perform, Refused
from .smoke_patience import answered_in_time, fitting
from .smoke_requests import Anchors, client_of, content_of, is_page, shape
from .smoke_rows import emptiness, limited, models

#: After that nothing further is looked for.
SECONDS = 30
#: For words that the data has, which may take reading a large table.
WORDS_SECONDS = 20
WORDS = 24
LONGEST_WORD = 60
#: Each is a part of some place's or company's name; together they are whole in no language of queries.
PASTED = "O'Hare (old [*+\\ & \"x\" 100%"


def searches_of(path: str, response: Any) -> list[tuple[str, str]]:
    """Where each search form of a page leads, and the name of its first text."""
    if kind_of(response) != PAGE:
        return []
    found = ((urljoin(path, action), name) for action, name in Anchors.of(response).searches)
    return [(action, name) for action, name in found if is_page(action)]


def paste(searches: Iterable[tuple[str, str]], perform: Perform) -> None:
    """Looks for such a text with each search form. It fails where the server does: that it finds nothing is as it should be."""
    deadline = time.monotonic() + SECONDS
    for action, name in dict.fromkeys(searches):
        if time.monotonic() < deadline:
            address = f"{action}?{urlencode({name: PASTED})}"
            perform(Operation(f"GET {shape(address)} with brackets and quotes", partial(_ask, address)))
            perform(Operation(f"GET {shape(address)} with long {name}", partial(_try_patience, action, name)))


def seek(searches: Iterable[tuple[str, str]], perform: Perform) -> None:
    """Looks with each search form for texts that several rows share, and for rows in which something is missing."""
    deadline = time.monotonic() + WORDS_SECONDS
    forms = list(dict.fromkeys(searches))
    if not forms:
        return
    for why, word in islice(_words(deadline), WORDS):
        for action, name in forms:
            if time.monotonic() > deadline:
                return
            address = f"{action}?{urlencode({name: word})}"
            perform(Operation(f"GET {shape(address)} for {why}", partial(_ask, address)))


def _words(deadline: float) -> Iterator[tuple[str, str]]:
    """Why a text is looked for, and the text."""
    from django.db import DatabaseError, transaction

    for model in models():
        # Rows that have no page of their own are in no list that visitors search.
        if not hasattr(model, "get_absolute_url"):
            continue
        texts = [field for field in model._meta.concrete_fields if field.get_internal_type() == "CharField" and not field.choices]
        for field in texts:
            for why, rows in _kinds_of_rows(model, field, texts):
                if time.monotonic() > deadline:
                    return
                try:
                    with transaction.atomic(), limited(deadline):
                        word = rows.values_list(field.name, flat=True).first()
                except DatabaseError:
                    continue
                if word and len(word) <= LONGEST_WORD:
                    yield why, word


def _kinds_of_rows(model: Any, field: Any, texts: list[Any]) -> Iterator[tuple[str, Any]]:
    from django.db.models import Count

    rows = model._base_manager.using("default").exclude(**{field.name: ""}).order_by()
    if not field.unique:
        shared = rows.values(field.name).annotate(rows=Count("pk")).filter(rows__gt=1).order_by("-rows")
        yield f"a {field.name} that several {model._meta.label} have", shared
    if field is not texts[0]:
        return
    # By the first text, which names it.
    for other in model._meta.concrete_fields:
        if other is not field and (empty := emptiness(other)):
            yield f"a {model._meta.label} where {other.name} is empty", rows.filter(**empty)


def _try_patience(action: str, name: str) -> None:
    for text in fitting(None):
        answered_in_time(partial(_ask, f"{action}?{urlencode({name: text})}"), text)


def _ask(address: str) -> None:
    response = client_of().get(address, secure=True)
    if response.status_code >= 500:
        raise Refused(f"status {response.status_code}")
    # What is looked up as a page is written may fail there.
    if not response.streaming:
        content_of(response)
