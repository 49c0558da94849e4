"""Tables as CSV, row by row, whatever their length."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

# A spreadsheet takes text that begins with one of these for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

ROWS_A_CHUNK = 500


class _Echo:
    """A file whose write hands the text back, which is all that csv.writer needs to format a line."""

    def write(self, text: str) -> str:
        return text


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """`None` becomes an empty field."""
    return StreamingHttpResponse(
        _chunks(columns, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"},
    )


def _chunks(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    lines = [writer.writerow(columns)]
    for row in rows:
        lines.append(writer.writerow([_harmless(value) for value in row]))
        if len(lines) >= ROWS_A_CHUNK:
            yield "".join(lines)
            lines = []
    yield "".join(lines)


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
