"""Tables of a page by their columns, as somebody who looks at it tells them apart."""

from __future__ import annotations

import re
from html.parser import HTMLParser

LONGEST_NAME = 60

_HEADINGS = re.compile(r"h[1-6]|caption|legend|dt")
_SPACE = re.compile(r"\s+")


def tables_of(text: str) -> list[tuple[str, dict[str, list[str]]]]:
    """Each table of the page: what it is called, and the texts of its cells by the words at the head of their columns.

    A list of terms is one of two columns for its purpose: each term heads its descriptions. A table without a head has
    numbers for columns. Tables that are called alike are one.
    """
    parser = _Parser()
    parser.feed(text)
    parser.close()
    return list(parser.tables.items())


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, dict[str, list[str]]] = {}
        self._called = "the page"
        self._head: list[str] = []
        self._row: list[tuple[str, str]] = []
        self._open: tuple[str, list[str]] | None = None
        self._term = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._end_text()
            self._depth += 1
            self._head, self._row = [], []
        elif tag == "tr":
            self._end_row()
        elif tag in ("td", "th", "dd") or _HEADINGS.fullmatch(tag):
            self._end_text()
            self._open = (tag, [])
        elif tag == "dl":
            self._term = ""

    def handle_endtag(self, tag: str) -> None:
        if self._open is not None and tag == self._open[0]:
            self._end_text()
        elif tag in ("tr", "table", "thead", "tbody"):
            self._end_row()
            if tag == "table":
                self._depth = max(0, self._depth - 1)
        elif tag == "dl":
            self._end_text()

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open[1].append(data)

    def _end_text(self) -> None:
        if self._open is None:
            return
        (tag, parts), self._open = self._open, None
        text = _SPACE.sub(" ", "".join(parts)).strip()
        if tag in ("td", "th"):
            self._row.append((tag, text))
        elif tag == "dt":
            self._term = text[:LONGEST_NAME]
        elif tag == "dd":
            if self._term:
                self._column(self._term).append(text)
        else:
            self._called = f'"{text[:LONGEST_NAME]}"'

    def _end_row(self) -> None:
        self._end_text()
        row, self._row = self._row, []
        if not row or self._depth == 0:
            return
        if all(tag == "th" for tag, _ in row):
            self._head = [text[:LONGEST_NAME] for _, text in row]
            for name in self._head:
                self._column(name)
            return
        for at, (_, text) in enumerate(row):
            self._column(self._head[at] if at < len(self._head) else str(at + 1)).append(text)

    def _column(self, name: str) -> list[str]:
        return self.tables.setdefault(self._called, {}).setdefault(name, [])
