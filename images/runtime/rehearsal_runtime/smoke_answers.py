"""What pages, downloads and the API answer, in a form in which two releases can be compared on the same data."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import time
from datetime import datetime, timezone
from typing import Any

from .page_tables import tables_of
from .smoke_requests import content_of

ROWS = 200
SAMPLES = 3
LONGEST_SAMPLE = 80

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
# A key that is a number or an id is data.
_DATA_KEY = re.compile(r"[\d\W_]+|[0-9a-f-]{16,}", re.IGNORECASE)
# What names the release itself is another with each.
_OF_RELEASE = re.compile(r"(?:^|[._\s])(?:version|release|build|commit|revision|sha)(?:_?id)?$", re.IGNORECASE)
# As hashed names of static files have it before their ending.
_CONTENT_HASH = re.compile(r"\.[0-9a-f]{8,40}(?=\.\w)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_SECONDS_SINCE_1970 = re.compile(r"\d{10}(?:\.\d+)?")
#: What is as near as that says when it was asked for.
NOW_SECONDS = 3600
_NOTHING = {"", '""', "null"}
PAGE = "text/html"

#: By field or column: its values.
Values = dict[str, list[str]]


def answer(path: str, response: Any, again: Any = None) -> dict[str, Any]:
    """The event that tells what stands in each field of a response.

    :param again: the response to the same request a second time: what differs then, such as the time, is left out
    """
    values = {name: found for name, found in (_values_of(response) or {}).items() if not _OF_RELEASE.search(name)}
    if values and again is not None:
        repeated = _values_of(again) or {}
        values = {name: found for name, found in values.items() if repeated.get(name) == found}
    page = kind_of(response) == PAGE
    # A page writes its numbers for people, in the one way or the other.
    told = {name: _summary(found, not page) for name, found in values.items()}
    return {"event": "answer", "path": path, "page": page, "values": told}


def kind_of(response: Any) -> str:
    """The media type."""
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def numeric_fields(response: Any) -> list[str]:
    """Fields and columns of an answer for programs in which nothing but numbers is."""
    found = _values_of(response) or {}
    return [name for name, values in found.items() if any(values) and _summary(values, True)["numeric"]]


def _values_of(response: Any) -> Values | None:
    kind = kind_of(response)
    if kind == "text/csv":
        return _columns(content_of(response))
    if kind == PAGE:
        return {
            f"{called}, {column}": values[:ROWS]
            for called, columns in tables_of(content_of(response))
            for column, values in columns.items()
        }
    if kind.endswith("json") and not kind.endswith("openapi+json"):
        values: Values = {}
        try:
            _collect(json.loads(content_of(response)), "", values)
        except ValueError:
            return None
        return values
    return None


def _columns(text: str) -> Values:
    # The end may have been cut off within a line.
    rows = list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1])))
    if not rows:
        return {}
    head, body = rows[0], rows[1 : ROWS + 1]
    return {name: [row[at] if at < len(row) else "" for row in body] for at, name in enumerate(head)}


def _lasting(value: str) -> str:
    """A value without what another build or another moment makes of it."""
    text = _CONTENT_HASH.sub("", value)
    text = _MOMENT.sub(lambda found: "now" if _is_now(found.group()) else found.group(), text)
    if _SECONDS_SINCE_1970.fullmatch(text) and abs(float(text) - time.time()) < NOW_SECONDS:
        return "now"
    return text


def _is_now(moment: str) -> bool:
    try:
        parsed = datetime.fromisoformat(moment.replace(",", "."))
    except ValueError:
        return False
    if parsed.tzinfo is None:
        # In whatever zone it was written.
        return abs((parsed - datetime.now()).total_seconds()) < NOW_SECONDS + 14 * 3600
    return abs((parsed - datetime.now(timezone.utc)).total_seconds()) < NOW_SECONDS


def _collect(value: Any, way: str, values: Values) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            name = "*" if _DATA_KEY.fullmatch(key) else key
            _collect(inner, f"{way}.{name}" if way else name, values)
    elif isinstance(value, list):
        if not value:
            values.setdefault(f"{way}[]", [])
        for inner in value:
            _collect(inner, f"{way}[]", values)
    else:
        values.setdefault(way, []).append(json.dumps(value, ensure_ascii=False))


def _summary(values: list[str], typed: bool) -> dict[str, Any]:
    # In no order: a list may be sorted otherwise and hold the same.
    ordered = sorted(_lasting(value) for value in values)
    digest = hashlib.sha256("\n".join(ordered).encode()).hexdigest()[:16]
    sample = [value[:LONGEST_SAMPLE] for value in values[:SAMPLES]]
    filled = sum(value not in _NOTHING for value in values)
    numeric = typed and all(_NUMBER.fullmatch(value) for value in values if value)
    return {"digest": digest, "count": len(values), "filled": filled, "numeric": numeric, "sample": sample}
