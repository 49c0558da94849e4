"""PostgreSQL's table locks: their order, and which one a statement takes.

From https://www.postgresql.org/docs/current/explicit-locking.html and the pages of the commands.
"""

from __future__ import annotations

import re

from .sql_text import NAME, plain, statements, table_name

#: From the weakest to the strongest.
MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)

_TABLE = rf"(?:IF EXISTS )?(?:ONLY )?(?P<table>{NAME})"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), mode)
    for pattern, mode in (
        (rf"ALTER TABLE {_TABLE} VALIDATE CONSTRAINT\b", "ShareUpdateExclusiveLock"),
        (rf"ALTER TABLE {_TABLE} ALTER (?:COLUMN )?{NAME} SET STATISTICS\b", "ShareUpdateExclusiveLock"),
        (rf"ALTER TABLE {_TABLE} ADD CONSTRAINT {NAME} FOREIGN KEY\b", "ShareRowExclusiveLock"),
        (rf"ALTER TABLE {_TABLE}", "AccessExclusiveLock"),
        (
            rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:(?:IF NOT EXISTS )?{NAME} )?ON {_TABLE}",
            "ShareUpdateExclusiveLock",
        ),
        (rf"CREATE (?:UNIQUE )?INDEX (?:(?:IF NOT EXISTS )?{NAME} )?ON {_TABLE}", "ShareLock"),
        (rf"CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER .*? ON {_TABLE}", "ShareRowExclusiveLock"),
        (rf"REFRESH MATERIALIZED VIEW CONCURRENTLY {_TABLE}", "ExclusiveLock"),
        (rf"REFRESH MATERIALIZED VIEW {_TABLE}", "AccessExclusiveLock"),
        (rf"(?:DROP TABLE|TRUNCATE(?: TABLE)?|CLUSTER|VACUUM FULL|VACUUM \(FULL\)) {_TABLE}", "AccessExclusiveLock"),
        (rf"LOCK (?:TABLE )?{_TABLE}", "AccessExclusiveLock"),
        (rf"(?:INSERT INTO|UPDATE|DELETE FROM) {_TABLE}", "RowExclusiveLock"),
        (rf"SELECT .*? FROM {_TABLE}", "AccessShareLock"),
    )
)
_REFERENCED = re.compile(rf"ALTER TABLE .* REFERENCES (?P<table>{NAME})")


def rank(mode: str) -> int:
    """How strong a lock is; an unknown one is the weakest."""
    return MODES.index(mode) if mode in MODES else -1


def taken_by(sql: str) -> dict[str, str]:
    """The strongest lock on each table that the text of one or more statements says it takes."""
    locks: dict[str, str] = {}
    for statement in statements(sql):
        for pattern, mode in _RULES:
            found = pattern.match(statement)
            if found:
                strongest(locks, table_name(found["table"]), mode)
                break
        referenced = _REFERENCED.match(plain(statement))
        if referenced:
            strongest(locks, table_name(referenced["table"]), "ShareRowExclusiveLock")
    return locks


def strongest(locks: dict[str, str], table: str, mode: str) -> None:
    """Notes a lock on a table where none as strong is noted."""
    if table not in locks or rank(mode) > rank(locks[table]):
        locks[table] = mode
