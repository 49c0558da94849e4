"""Values for fields: others than a given one, and some where there is none."""

from __future__ import annotations

import datetime
import decimal
import hashlib
import uuid
from collections.abc import Iterator
from typing import Any

CANDIDATES = 40

# Parts of 32 letters, of three bytes each; an entry of an index has room for a third of a page of 8 KiB.
_LONG = 80

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_BITS = {"SmallIntegerField": 15, "PositiveSmallIntegerField": 15, "BigIntegerField": 63, "PositiveBigIntegerField": 63}
_INTEGERS = (
    "IntegerField",
    "PositiveIntegerField",
    "SmallIntegerField",
    "PositiveSmallIntegerField",
    "BigIntegerField",
    "PositiveBigIntegerField",
    "AutoField",
    "BigAutoField",
    "SmallAutoField",
)
_TEXTS = ("CharField", "TextField", "SlugField", "EmailField", "URLField", "FileField", "FilePathField", "ImageField")


def others(field: Any, value: Any) -> Iterator[Any]:
    """Values that ``field`` may hold in place of ``value``, near ones first; none where the field's kind is unknown."""
    kind = field.get_internal_type()
    if field.choices:
        yield from (choice for choice, _ in field.flatchoices if choice != value)
    elif kind in _TEXTS:
        yield from _texts(str(value or ""), field)
    elif kind in _INTEGERS:
        # Doubling steps: a way out of any unbroken series within as many looks as the number has bits.
        top = 2 ** _BITS.get(kind, 31) - 1
        yield from (value + 2**step for step in range(63) if value + 2**step <= top)
    elif kind == "UUIDField":
        yield from (uuid.uuid4() for _ in range(CANDIDATES))
    elif kind in ("DateTimeField", "TimeField", "DurationField", "DateField"):
        yield from _moments(kind, value)
    elif kind == "DecimalField":
        unit = decimal.Decimal(1).scaleb(-field.decimal_places)
        yield from (decimal.Decimal(value) + unit * 2**step for step in range(20))
    elif kind == "FloatField":
        yield from (value + 2.0**step for step in range(-10, 20))
    elif kind == "GenericIPAddressField":
        yield from (f"192.0.2.{number}" for number in range(1, 255))
    elif kind == "BinaryField":
        yield from (_token(number).encode() for number in range(CANDIDATES))
    elif kind == "JSONField":
        yield from ({"smoke": number} for number in range(CANDIDATES))
    elif kind == "BooleanField":
        yield not value
    elif kind == "ArrayField":
        first = value[0] if value else made_up(field.base_field)
        yield from ([other] for other in others(field.base_field, first))


def made_up(field: Any) -> Any:
    """A value for a column that must have one; None where the field's kind is unknown, or another model's row."""
    from django.utils import timezone

    kind = field.get_internal_type()
    if field.choices:
        return next((choice for choice, _ in field.flatchoices if choice not in (None, "")), None)
    if kind in _TEXTS:
        return next(_texts("", field))
    if kind in _INTEGERS:
        return 1
    now = timezone.now()
    return {
        "DateTimeField": now,
        "DateField": now.date(),
        "TimeField": datetime.time(12),
        "DurationField": datetime.timedelta(seconds=1),
        "FloatField": 1.0,
        "DecimalField": decimal.Decimal(1).scaleb(-(field.decimal_places or 0)) if kind == "DecimalField" else None,
        "BooleanField": False,
        "UUIDField": uuid.uuid4(),
        "GenericIPAddressField": "192.0.2.1",
        "JSONField": {},
        "BinaryField": b"smoke",
        "ArrayField": [],
        "HStoreField": {},
    }.get(kind)


def long_text() -> str:
    """A text that a field without a limit takes, of letters that cannot be packed: too long for an entry of an index."""
    letters = (hashlib.sha256(f"smoke {number}".encode()).digest() for number in range(_LONG))
    return "".join(chr(0x4E00 + byte * 64 + place) for digest in letters for place, byte in enumerate(digest))


def _texts(value: str, field: Any) -> Iterator[str]:
    longest = field.max_length or 255
    email = "@" in value or field.get_internal_type() == "EmailField" or type(field).__name__ == "EmailField"
    for number in range(CANDIDATES):
        # As long as the value is, so that what a check demands of it may still hold, but never one that few have.
        token = _token(number)[: min(longest, max(len(value), 12))]
        if email:
            host = value.partition("@")[2] or "example.org"
            text = f"{token[: max(1, min(12, longest - len(host) - 1))]}@{host}"
        elif type(field).__name__ == "URLField" or "://" in value:
            text = f"{value or 'https://example.org'}/{token[:12]}"
        elif value and value.upper() == value and value.lower() != value:
            text = token.upper()
        elif value.isdigit():
            text = "".join(str(_ALPHABET.index(letter) % 10) for letter in token[: len(value)])
        else:
            text = token
        yield text[:longest]


def _token(number: int) -> str:
    digits = hashlib.sha256(f"smoke {number}".encode()).digest()
    return "".join(_ALPHABET[byte % 36] for byte in digits) * 8


def _moments(kind: str, value: Any) -> Iterator[Any]:
    for step in range(24):
        try:
            if kind == "DateField":
                yield value + datetime.timedelta(days=2**min(step, 16))
            elif kind == "TimeField":
                yield value.replace(microsecond=(value.microsecond + 2**step) % 1_000_000)
            else:
                yield value + datetime.timedelta(seconds=2**step)
        except OverflowError:
            return
