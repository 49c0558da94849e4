"""Files that a worker takes in, as the next delivery may bring them: saved by another program, with a row corrected."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: As spreadsheets and databases export them.
_LINES = {".csv": ",", ".tsv": "\t"}
_BYTE_ORDER_MARK = "\ufeff"


def run(folder: str) -> int:
    """Writes each file of a folder anew and prints how many; returns 0. Text files get a byte order mark and the line ends of
    Windows, and in each file the last number of the last record is one more. Files of other kinds stay as they are.
    """
    varied = 0
    for path in sorted(Path(folder).iterdir()):
        vary = _way(path)
        if vary is None or not path.is_file():
            continue
        before = path.read_bytes()
        after = _varied(before, vary)
        if after != before:
            path.write_bytes(after)
            varied += 1
    print(varied)
    return 0


def is_data(path: Path) -> bool:
    """Whether it is a file as workers take them in, and as can be varied here."""
    return _way(path) is not None


def _way(path: Path) -> Callable[[str], str] | None:
    ending = path.suffix.lower()
    if ending in _LINES:
        return lambda text: delimited(text, _LINES[ending])
    return {".json": document, ".jsonl": lines, ".ndjson": lines}.get(ending)


def _varied(content: bytes, vary: Callable[[str], str]) -> bytes:
    try:
        return vary(content.decode("utf-8")).encode()
    except ValueError:
        # Written in another way than its ending says.
        return content


def delimited(text: str, delimiter: str) -> str:
    """Rows with a delimiter."""
    *others, last = text.removeprefix(_BYTE_ORDER_MARK).splitlines() or [""]
    fields = next(csv.reader([last], delimiter=delimiter), [])
    number = next((field for field in reversed(fields) if _is_number(field)), None)
    if number is not None and others:
        before, _, after = last.rpartition(number)
        last = f"{before}{_one_more(number)}{after}"
    return _BYTE_ORDER_MARK + "\r\n".join([*others, last, ""])


def document(text: str) -> str:
    """A list of records, or an object that holds one."""
    value = json.loads(text)
    records = value if isinstance(value, list) else next((part for part in value.values() if isinstance(part, list)), [])
    if records:
        _correct(records[-1])
    return json.dumps(value, ensure_ascii=False, indent=1)


def lines(text: str) -> str:
    """A record in each line."""
    *others, last = text.splitlines() or [""]
    record = json.loads(last)
    _correct(record)
    return "\n".join([*others, json.dumps(record, ensure_ascii=False), ""])


def _correct(record: Any) -> None:
    if not isinstance(record, dict):
        return
    for name, value in reversed(record.items()):
        if isinstance(value, int | float) and not isinstance(value, bool):
            record[name] = value + 1
            return


def _is_number(field: str) -> bool:
    return field.strip().lstrip("-").replace(".", "", 1).isdigit()


def _one_more(number: str) -> str:
    if "." not in number:
        return str(int(number) + 1)
    return f"{float(number) + 1:.{len(number.strip().partition('.')[2])}f}"
