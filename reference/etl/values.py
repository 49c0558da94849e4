"""Turns what a file holds into checked Python values. Each function raises RowError with the reason."""

import math
from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any


class RowError(Exception):
    """Why a row is set aside."""


def text(value: Any, *, longest: int, required: bool = True) -> str:
    if not isinstance(value, str):
        raise RowError(f"must be text; got {_shown(value)}")
    stripped = value.strip()
    if required and not stripped:
        raise RowError("is empty")
    if len(stripped) > longest:
        raise RowError(f"has {len(stripped)} characters; at most {longest} fit")
    return stripped


def airport_code(value: Any) -> str:
    code = text(value, longest=4)
    if not (len(code) >= 3 and code.isascii() and code.isalnum() and code == code.upper()):
        raise RowError(f"must be three or four capitals or digits; got {_shown(value)}")
    return code


def one_of(value: Any, choices: Collection[str]) -> str:
    if value not in choices:
        raise RowError(f"must be one of {', '.join(sorted(choices))}; got {_shown(value)}")
    return str(value)


def number(value: Any, *, low: float, high: float) -> float:
    """A finite number within the bounds, from a JSON number or a CSV field."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise RowError(f"must be a number; got {_shown(value)}")
    try:
        if isinstance(value, str) and "_" in value:
            raise ValueError
        result = float(value)
    except (ValueError, OverflowError):
        raise RowError(f"must be a number; got {_shown(value)}") from None
    if not math.isfinite(result) or not low <= result <= high:
        raise RowError(f"must be between {low:g} and {high:g}; got {_shown(value)}")
    return result


def whole_number(value: Any, *, low: int, high: int) -> int:
    result = number(value, low=low, high=high)
    if not result.is_integer():
        raise RowError(f"must be a whole number; got {_shown(value)}")
    return int(result)


def day(value: Any, *, earliest: date) -> date:
    """A date as 2001-12-31."""
    try:
        result = date.fromisoformat(text(value, longest=10))
    except ValueError:
        raise RowError(f"must be a date such as 2001-12-31; got {_shown(value)}") from None
    if result < earliest:
        raise RowError(f"must not be before {earliest}; got {_shown(value)}")
    return result


def minute(value: Any, *, earliest: date) -> datetime:
    """A date and time as 2001/12/31 06:55, taken as UTC."""
    try:
        result = datetime.strptime(text(value, longest=16), "%Y/%m/%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise RowError(f"must be a time such as 2001/12/31 06:55; got {_shown(value)}") from None
    if result.date() < earliest:
        raise RowError(f"must not be before {earliest}; got {_shown(value)}")
    return result


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
