"""Lists of an API that come page by page: whoever turns all pages must meet each record once."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from .smoke_operation import Operation, Perform, Refused
from .smoke_requests import content_of, fetch, shape

#: Of one list.
PAGES = 80
#: How clients of an API say how many records they want on a page, and as many as none gives without a limit of its own.
SIZES, LARGE = ("page_size", "limit", "per_page"), 1000
#: After that no further page is asked for, of one list and of all.
SECONDS, ALL_SECONDS = 15, 45


def turn_pages(paths: Iterable[str], perform: Perform) -> None:
    """Asks for all pages of each list, by its path.

    It fails where records stand on two pages: rows that the order of the list does not tell apart come in any order, and
    each page is a query of its own.
    """
    deadline = time.monotonic() + ALL_SECONDS
    for path in dict.fromkeys(urlsplit(path).path for path in paths):
        if time.monotonic() < deadline:
            perform(Operation(f"GET {shape(path)} page by page", partial(_turn, path)))


def larger_pages(paths: Iterable[str], perform: Perform) -> list[str]:
    """The paths of the largest pages of these lists: whoever takes in all of a list asks for such."""
    found = []
    for path in dict.fromkeys(urlsplit(path).path for path in paths):
        for name in SIZES:
            small = perform(Operation(f"GET {path}", partial(_rows, f"{path}?{name}=1")))
            if small.error is None and small.result == 1:
                found.append(f"{path}?{name}={LARGE}")
                break
    return found


def _rows(path: str) -> int:
    """Records on a page that another one follows."""
    try:
        rows, following = records_and_next(json.loads(content_of(fetch(path))))
    except ValueError:
        return 0
    return len(rows) if following else 0


def _turn(path: str) -> None:
    deadline = time.monotonic() + SECONDS
    met: Counter[str] = Counter()
    pages = 0
    following: str | None = path
    while following and pages < PAGES and time.monotonic() < deadline:
        try:
            rows, following = records_and_next(json.loads(content_of(fetch(following))))
        except ValueError:
            # Of a long stream only the beginning was read.
            return
        met.update(json.dumps(row, sort_keys=True) for row in rows)
        pages += 1
    twice = sum(count - 1 for count in met.values())
    if pages > 1 and twice:
        raise Refused(
            f"{twice} of {met.total()} records on {pages} pages stand on two of them, and others on none: "
            "the list's order does not tell all rows apart"
        )


def records_and_next(value: Any) -> tuple[list[Any], str | None]:
    """The records of a page, and the path of the next one; nothing of what is no page of a list."""
    if not isinstance(value, dict):
        return [], None
    links = value.get("links")
    following = value.get("next") or (links.get("next") if isinstance(links, dict) else None)
    rows = records_of(value) or []
    if not isinstance(following, str):
        return rows, None
    parts = urlsplit(following)
    return rows, f"{parts.path}?{parts.query}" if parts.query else parts.path


def records_of(value: Any) -> list[Any] | None:
    """The records of a list that an API answers, bare or beside counts and links; None for anything else."""
    if isinstance(value, list):
        return value
    # Some name the list results, others data or items.
    parts = value.values() if isinstance(value, dict) else ()
    return next((part for part in parts if isinstance(part, list)), None)
