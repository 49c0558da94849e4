"""Schema changes as the text of their statements tells them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .sql_text import NAME, table_name

_PARTS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[(),]|[^'"(),]+""")
_ALTER = re.compile(rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?({NAME}) (.*)", re.DOTALL)
_CREATE = re.compile(rf"CREATE (?:(?:GLOBAL |LOCAL )?(?:TEMP|TEMPORARY) |UNLOGGED )?TABLE (?:IF NOT EXISTS )?({NAME})")
_DROP = re.compile(rf"DROP TABLE (?:IF EXISTS )?({NAME}(?:, ?{NAME})*)")
_INDEX = re.compile(rf"CREATE (?:UNIQUE )?INDEX .*?\bON (?:ONLY )?({NAME})", re.DOTALL)
_ADD_COLUMN = re.compile(
    rf"ADD (?:COLUMN )?(?:IF NOT EXISTS )?(?!CONSTRAINT\b|CHECK\b|FOREIGN\b|UNIQUE\b|PRIMARY\b)({NAME}) "
)
_COLUMN = re.compile(rf"(?:ALTER|DROP) (?!CONSTRAINT\b)(?:COLUMN )?(?:IF EXISTS )?({NAME})|RENAME COLUMN ({NAME})")
_RENAMED = re.compile(rf"RENAME TO ({NAME})")
_CONSTRAINT = re.compile(rf"(?:ADD|VALIDATE|DROP) CONSTRAINT (?:IF EXISTS )?({NAME})")


@dataclass(frozen=True)
class Change:
    """One action of one statement."""

    #: The statement as ``sql_text.plain`` gives it.
    statement: str
    #: The table, where the statement is about one.
    table: str = ""
    #: What ALTER TABLE does to it; else the statement.
    action: str = ""

    @property
    def column(self) -> str:
        """The column that an ALTER TABLE is about, or empty."""
        found = self.added or _first(_COLUMN, self.action)
        return table_name(found) if found else ""

    @property
    def added(self) -> str:
        """The column that it adds, or empty."""
        found = _ADD_COLUMN.match(self.action) if self.statement.startswith("ALTER TABLE") else None
        return table_name(found[1]) if found else ""

    @property
    def constraint(self) -> str:
        """The constraint that it adds, validates or drops by name, or empty."""
        found = _CONSTRAINT.match(self.action)
        return table_name(found[1]) if found else ""

    @property
    def renamed(self) -> str:
        """The new name of the table, or empty."""
        found = _RENAMED.match(self.action) if self.statement.startswith("ALTER TABLE") else None
        return table_name(found[1]) if found else ""


def changes(statement: str) -> Iterator[Change]:
    """The actions of a statement, of which ALTER TABLE may have several."""
    altered = _ALTER.match(statement)
    if altered:
        for action in _split(altered[2]):
            yield Change(statement, table_name(altered[1]), action)
        return
    dropped = _DROP.match(statement)
    if dropped:
        for name in re.findall(NAME, dropped[1]):
            yield Change(statement, table_name(name), statement)
        return
    found = _CREATE.match(statement) or _INDEX.match(statement)
    yield Change(statement, table_name(found[1]) if found else "", statement)


def creates(change: Change) -> bool:
    """Whether it makes its table."""
    return _CREATE.match(change.statement) is not None


def _split(text: str) -> list[str]:
    """The parts between commas that stand in no parentheses."""
    parts, depth = [""], 0
    for token in _PARTS.findall(text):
        depth += (token == "(") - (token == ")")
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts]


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.match(text)
    return next((group for group in found.groups() if group), None) if found else None
