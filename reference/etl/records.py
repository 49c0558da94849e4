"""Reads CSV and JSON files as records: where each one stands, its values, or why it could not be read."""

import csv
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

RAW_LIMIT = 10_000

# How many items of a JSON list are looked at to find out which columns it has.
JSON_SAMPLE = 100


class ContractError(Exception):
    """The file as a whole is not what was agreed on; nothing of it may be loaded."""


@dataclass(frozen=True)
class Record:
    """One row: `line` is where it begins. `fault` is empty, or says why `values` are not to be used."""

    line: int
    values: Mapping[str, Any]
    raw: str
    fault: str = ""


@dataclass
class Source:
    """An opened file: its digest, its records in order, and columns that nobody asked for."""

    digest: str
    records: Iterator[Record]
    unexpected_columns: Sequence[str] = field(default_factory=tuple)


@contextmanager
def opened(path: Path, columns: Sequence[str], row_floor: int) -> Iterator[Source]:
    """
    Opens a .csv or .json file and checks what holds for the file as a whole.

    Raises ContractError for a missing column (named), for fewer rows than `row_floor`, for content that is not CSV or
    JSON at all, and, when the last record has been read, for a file that was changed in the meantime.
    """
    with path.open("rb") as handle:
        before = _identity(path)
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        handle.seek(0)
        read = _json_records if path.suffix.lower() == ".json" else _csv_records
        found, records = read(handle)
        _check_columns(found, columns)
        head = list(itertools.islice(records, row_floor))
        if len(head) < row_floor:
            raise ContractError(f"{path.name} has {len(head)} rows; at least {row_floor} are expected.")

        def until_end() -> Iterator[Record]:
            yield from head
            yield from records
            if _identity(path) != before:
                raise ContractError(f"{path.name} changed while it was read. Write it elsewhere and move it here.")

        yield Source(digest, until_end(), tuple(name for name in found if name not in columns))


def digest_of(path: Path) -> str:
    """SHA-256 of the file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _check_columns(found: Sequence[str], columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in found]
    if missing:
        unexpected = [name for name in found if name not in columns]
        hint = f"; instead it has {_quoted(unexpected)}" if unexpected else ""
        plural = "s" if len(missing) > 1 else ""
        raise ContractError(f"Column{plural} {_quoted(missing)} missing{hint}.")


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _csv_records(handle: IO[bytes]) -> tuple[Sequence[str], Iterator[Record]]:
    # A byte that is not UTF-8 must cost its own row, not the file.
    lines = TextIOWrapper(handle, "utf-8-sig", errors="replace")
    try:
        header = [name.strip() for name in _csv_fields(next(lines, ""))]
    except csv.Error as error:
        raise ContractError(f"The first line is not a CSV header: {error}.") from error
    if not header:
        raise ContractError("The file is empty: its first line should name the columns.")
    if len(set(header)) < len(header):
        raise ContractError(f"A column is named twice: {_quoted(header)}.")
    return header, _csv_rows(lines, header)


def _csv_fields(line: str) -> list[str]:
    return next(csv.reader([line.rstrip("\n")], strict=True), [])


def _csv_rows(lines: Iterable[str], header: Sequence[str]) -> Iterator[Record]:
    """One record a line: no feed has values of several lines, and so a quote left open costs its own line only."""
    for number, line in enumerate(lines, start=2):
        try:
            fields = _csv_fields(line)
        except csv.Error as error:
            yield Record(number, {}, _raw(line), f"not readable as CSV: {error}")
            continue
        if not fields:
            continue
        raw = _raw(fields)
        if len(fields) != len(header):
            yield Record(number, {}, raw, f"{len(fields)} fields where the header has {len(header)}")
        else:
            yield Record(number, dict(zip(header, fields, strict=True)), raw, _text_fault(fields))


def _json_records(handle: IO[bytes]) -> tuple[Sequence[str], Iterator[Record]]:
    try:
        items = json.loads(handle.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ContractError(f"The file is not UTF-8: byte {error.start}.") from error
    except (ValueError, RecursionError) as error:
        raise ContractError(f"The file is not valid JSON: {error}.") from error
    if not isinstance(items, list):
        raise ContractError(f"The file must hold a JSON list of objects; it holds a {type(items).__name__}.")
    found: dict[str, None] = {}
    for item in items[:JSON_SAMPLE]:
        if isinstance(item, dict):
            found.update(dict.fromkeys(item))
    if not items:
        raise ContractError("The file holds an empty JSON list.")
    return list(found), _json_rows(items)


def _json_rows(items: Sequence[Any]) -> Iterator[Record]:
    for line, item in enumerate(items, start=1):
        raw = _raw(item)
        if isinstance(item, dict):
            yield Record(line, item, raw, _text_fault(item.values()))
        else:
            yield Record(line, {}, raw, f"a {type(item).__name__} where an object is expected")


def _text_fault(values: Any) -> str:
    for value in values:
        if not isinstance(value, str):
            continue
        if "\x00" in value:
            return "holds a NUL character"
        if "�" in value or any("\ud800" <= character <= "\udfff" for character in value):
            return "holds bytes that are not UTF-8"
    return ""


def _raw(row: Any) -> str:
    text = json.dumps(row, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(row)
    return text if len(text) <= RAW_LIMIT else text[:RAW_LIMIT] + "…"
