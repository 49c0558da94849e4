"""Search forms, sent with what people paste into them: brackets, quotes and signs that mean something to a query."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import urlencode, urljoin

from .smoke_answers import PAGE, kind_of
from .smoke_operation import Operation, Perform, Refused
from .smoke_patience import answered_in_time, fitting
from .smoke_requests import Anchors, client_of, content_of, is_page, shape

#: After that nothing further is looked for.
SECONDS = 30
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
