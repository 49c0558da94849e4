"""What downloads and the API answer, in a form in which two releases can be compared on the same data."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from typing import Any

from .smoke_requests import content_of, fetch

ROWS = 200
SAMPLES = 3
LONGEST_SAMPLE = 80

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
# A key that is a number or an id is data.
_DATA_KEY = re.compile(r"[\d\W_]+|[0-9a-f-]{16,}", re.IGNORECASE)


def stable(first: dict[str, list[str]], second: dict[str, list[str]]) -> dict[str, Any]:
    """The fields of an answer that are the same the second time: what differs by itself, such as the time, is left out."""
    return {name: _summary(values) for name, values in first.items() if second.get(name) == values}


def values_of(path: str) -> dict[str, list[str]] | None:
    """The values of an answer by field or column; None where it is neither JSON nor CSV."""
    response = fetch(path)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/csv":
        return _columns(content_of(response))
    if kind.endswith("json") and not kind.endswith("openapi+json"):
        values: dict[str, list[str]] = {}
        _collect(json.loads(content_of(response)), "", values)
        return values
    return None


def _columns(text: str) -> dict[str, list[str]]:
    # The end may have been cut off within a line.
    rows = list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1])))
    if not rows:
        return {}
    head, body = rows[0], rows[1 : ROWS + 1]
    return {name: [row[at] if at < len(row) else "" for row in body] for at, name in enumerate(head)}


def _collect(value: Any, way: str, values: dict[str, list[str]]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            name = "*" if _DATA_KEY.fullmatch(key) else key
            _collect(inner, f"{way}.{name}" if way else name, values)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, f"{way}[]", values)
    else:
        values.setdefault(way, []).append(json.dumps(value, ensure_ascii=False))


def _summary(values: list[str]) -> dict[str, Any]:
    # In no order: a list may be sorted otherwise and hold the same.
    ordered = sorted(values)
    digest = hashlib.sha256("\n".join(ordered).encode()).hexdigest()[:16]
    sample = [value[:LONGEST_SAMPLE] for value in values[:SAMPLES]]
    numeric = all(_NUMBER.fullmatch(value) for value in values if value)
    return {"digest": digest, "count": len(values), "numeric": numeric, "sample": sample}
