"""What pages, downloads and the API answer, in a form in which two releases can be compared on the same data."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from typing import Any

from .page_tables import tables_of
from .smoke_requests import content_of

ROWS = 200
SAMPLES = 3
LONGEST_SAMPLE = 80

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
# A key that is a number or an id is data.
_DATA_KEY = re.compile(r"[\d\W_]+|[0-9a-f-]{16,}", re.IGNORECASE)
_NOTHING = {"", '""', "null"}
PAGE = "text/html"

#: By field or column: its values.
Values = dict[str, list[str]]


def stable(first: Any, second: Any) -> dict[str, Any] | None:
    """What stands in each field of a response, where it stands there the second time: the time, for example, does not.

    None where the response is neither JSON nor CSV nor a page.
    """
    values, again = _values_of(first), _values_of(second)
    if values is None or again is None:
        return None
    # A page writes its numbers for people, in the one way or the other.
    typed = _kind(first) != PAGE
    return {name: _summary(found, typed) for name, found in values.items() if again.get(name) == found}


def _kind(response: Any) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def _values_of(response: Any) -> Values | None:
    kind = _kind(response)
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
    ordered = sorted(values)
    digest = hashlib.sha256("\n".join(ordered).encode()).hexdigest()[:16]
    sample = [value[:LONGEST_SAMPLE] for value in values[:SAMPLES]]
    filled = sum(value not in _NOTHING for value in values)
    numeric = typed and all(_NUMBER.fullmatch(value) for value in values if value)
    return {"digest": digest, "count": len(values), "filled": filled, "numeric": numeric, "sample": sample}
