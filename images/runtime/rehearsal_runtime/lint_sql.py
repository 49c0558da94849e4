"""Rules for the SQL of migrations on PostgreSQL: those of django-migration-linter, and what it lacks."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .ddl import Change, changes, creates
from .lint_texts import finding
from .sql_text import statements

_BUNDLED = Path(__file__).resolve().parent.parent / "server"

_ADDS_CONSTRAINT = re.compile(r"ADD (?:CONSTRAINT \S+ )?(?:FOREIGN KEY|CHECK|EXCLUDE)\b")
_NO_LIMIT = re.compile(
    r"^SET (?:LOCAL |SESSION )?(lock_timeout|statement_timeout)(?: TO | ?= ?)(?:'?0(?:ms|s|min)?'?|DEFAULT)(?=$|;)"
    r"|set_config\('(lock_timeout|statement_timeout)', ?'0(?:ms|s|min)?'",
    re.IGNORECASE,
)
_UNLOGGED = re.compile(r"^(?:ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(\S+) .*\bSET UNLOGGED|CREATE UNLOGGED TABLE (?:IF NOT EXISTS )?(\S+))", re.IGNORECASE)
_IN_TRANSACTION = re.compile(
    r"(?:CREATE (?:UNIQUE )?INDEX|DROP INDEX|REINDEX\b.*?|ALTER TABLE .* DETACH .*?) CONCURRENTLY\b"
)
_NOT_NULL_CHECK = re.compile(r"CHECK \(\(*\"?([\w$]+)\"? IS NOT NULL\)*(.*)$", re.DOTALL)
_SAME_FAMILY = re.compile(r"(varchar|character varying|numeric|decimal|varbit|bit varying)\((\d+)(?:, ?(\d+))?\)$")
_TYPE = re.compile(r"ALTER (?:COLUMN )?\S+ (?:SET DATA )?TYPE (.+?)(?: USING | COLLATE |$)", re.DOTALL)
_NEW_TYPE = re.compile(
    r"ADD (?:COLUMN )?(?:IF NOT EXISTS )?\S+ (.+?)(?= NOT NULL| NULL| DEFAULT | CONSTRAINT | COLLATE | GENERATED |$)",
    re.DOTALL,
)
# Scanned or written anew within milliseconds.
_SMALL = 1 << 20


@dataclass
class Known:
    """What the rules know of the database before the migrations, and what these have changed so far."""

    #: Columns by table, of the models of the outgoing release.
    columns: dict[str, set[str]]
    #: Types by table and column.
    types: dict[tuple[str, str], str]
    #: Columns that a valid constraint keeps from being null.
    filled: set[tuple[str, str]] = field(default_factory=set)
    #: Tables that pending migrations make.
    made: set[str] = field(default_factory=set)
    #: Columns that they make in tables that were there, each with its statements: a default may be dropped again.
    made_columns: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    #: Columns that constraints not yet valid keep from being null, by table and constraint.
    to_validate: dict[tuple[str, str], str] = field(default_factory=dict)
    #: Bytes of each table, where the database could be asked.
    bytes: dict[str, int] = field(default_factory=dict)
    #: Whether a lock is waited for without end.
    unlimited: bool = False

    def weight(self, *tables: str) -> dict[str, str]:
        """How much what is done to whole tables weighs: little where they are small and known to be."""
        if not all(table in self.bytes for table in tables):
            return {"severity": "warning", "size": "data"}
        total = sum(self.bytes[table] for table in tables)
        return {"severity": "note" if total < _SMALL else "warning", "size": _size(total)}


def lint(migration: str, atomic: bool, sql: list[str], known: Known) -> tuple[list[dict[str, Any]], set[str]]:
    """The findings of one migration's statements, and the tables with data whose schema they change.

    ``known`` learns what the statements change. A table that pending migrations make is no reason for a finding.
    """
    rules = _Rules(migration, atomic, known)
    for text in sql:
        for statement in statements(text):
            rules.statement(statement)
    rules.end()
    return rules.findings, rules.altered


class _Rules:
    def __init__(self, migration: str, atomic: bool, known: Known) -> None:
        self.findings: list[dict[str, Any]] = []
        self.altered: set[str] = set()
        self._migration = migration
        self._atomic = atomic
        self._known = known
        self._touched: set[tuple[str, str]] = set()
        self._not_valid: set[tuple[str, str]] = set()

    def statement(self, statement: str) -> None:
        if self._atomic and _IN_TRANSACTION.match(statement):
            self._find("migration.concurrently-in-transaction", statement, statement)
        unlogged = _UNLOGGED.match(statement)
        if unlogged:
            table = unlogged[1] or unlogged[2]
            severity = "blocking" if unlogged[1] else "warning"
            self._find("migration.unlogged", table.strip('"'), statement, severity=severity)
        limit = _NO_LIMIT.search(statement)
        if limit:
            name = limit[1] or limit[2]
            self._find("migration.limits-disabled", name.lower(), statement, limit=name.lower())
        for change in changes(statement):
            self._change(change)

    def end(self) -> None:
        """What only all statements of a migration tell."""
        for table, column in sorted(self._touched):
            texts = self._known.made_columns[table, column]
            if "NOT_NULL" in _codes(texts) and not _has_default(texts):
                self._find(
                    "migration.not-null-without-default", f"{table}.{column}", *texts, table=table, column=column
                )
        if self._known.unlimited:
            for table in sorted(self.altered):
                self._find("migration.no-lock-timeout", table, table=table)

    def _change(self, change: Change) -> None:
        known, table = self._known, change.table
        if creates(change):
            known.made.add(table)
            return
        if change.renamed:
            if table in known.made:
                known.made.add(change.renamed)
                return
            self._gone("migration.table-renamed", change, "")
            return
        if table in known.made:
            return
        codes = _codes(
            [f'ALTER TABLE "{table}" {change.action}' if change.action != change.statement else change.statement]
        )
        evidence = change.statement
        if "CREATE_INDEX" in codes and "ADD_UNIQUE" not in codes:
            self._find("migration.index-blocks-writes", table, evidence, table=table, **known.weight(table))
        if "DROP_INDEX" in codes:
            self._find("migration.index-dropped", evidence.rpartition(" ")[2].strip('"'), evidence)
        if "REINDEX" in codes and "CONCURRENTLY" not in evidence:
            self._find("migration.reindex-blocks", evidence, evidence)
        if "ADD_UNIQUE" in codes and " USING INDEX " not in evidence and "CONCURRENTLY" not in evidence:
            self._find(
                "migration.unique-on-existing", change.constraint or table, evidence, table=table, **known.weight(table)
            )
        if "DROP_TABLE" in codes:
            self._gone("migration.table-dropped", change, "")
        if evidence.startswith("ALTER TABLE"):
            self._altered(change, codes)

    def _altered(self, change: Change, codes: set[str]) -> None:
        known, table, column, evidence = self._known, change.table, change.column, change.statement
        if not change.action.startswith("VALIDATE"):
            self.altered.add(table)
        made = (
            known.made_columns.setdefault((table, column), [])
            if change.added
            else known.made_columns.get((table, column))
        )
        if made is not None:
            made.append(f'ALTER TABLE "{table}" {change.action}')
            self._touched.add((table, column))
            kind = _NEW_TYPE.match(change.action)
            if kind:
                known.types[table, column] = kind[1]
        elif "DROP_COLUMN" in codes:
            self._gone("migration.column-dropped", change, column)
        elif "RENAME_COLUMN" in codes:
            self._gone("migration.column-renamed", change, column)
        if "ALTER_COLUMN" in codes:
            self._type(change)
        if "NOT_NULL" in codes and "SET NOT NULL" in change.action and (table, column) not in known.filled:
            values = {"table": table, "column": column, **known.weight(table)}
            self._find("migration.not-null-scans", f"{table}.{column}", evidence, **values)
        self._constraint(change)

    def _constraint(self, change: Change) -> None:
        known, key = self._known, (change.table, change.constraint)
        filled = _NOT_NULL_CHECK.search(change.action)
        if _ADDS_CONSTRAINT.match(change.action):
            if change.action.endswith("NOT VALID"):
                self._not_valid.add(key)
                if filled:
                    known.to_validate[key] = filled[1]
                return
            values = {"table": change.table, **known.weight(change.table)}
            self._find("migration.constraint-scans", change.constraint or change.table, change.statement, **values)
            if filled:
                known.filled.add((change.table, filled[1]))
        elif change.action.startswith("VALIDATE CONSTRAINT"):
            if self._atomic and key in self._not_valid:
                self._find("migration.validates-at-once", change.constraint, change.statement)
            if key in known.to_validate:
                known.filled.add((change.table, known.to_validate[key]))

    def _type(self, change: Change) -> None:
        found = _TYPE.match(change.action)
        new = found[1].strip() if found else ""
        old = self._known.types.get((change.table, change.column), "")
        self._known.types[change.table, change.column] = new
        if old and new and keeps_file(old, new):
            return
        types = f" from {old} to {new}" if old else f" to {new}"
        self._find(
            "migration.type-rewrites",
            f"{change.table}.{change.column}",
            change.statement,
            table=change.table,
            column=change.column,
            types=types,
            **self._known.weight(change.table),
        )

    def _gone(self, rule: str, change: Change, column: str) -> None:
        columns = self._known.columns.get(change.table)
        used = columns is not None and (not column or column in columns)
        self._find(
            rule,
            f"{change.table}.{column}" if column else change.table,
            change.statement,
            table=change.table,
            column=column,
            severity="warning" if used else "note",
            known="" if used else ", which no model of the outgoing release has",
        )

    def _find(self, rule: str, subject: str, *evidence: str, **values: Any) -> None:
        found = finding(rule, self._migration, subject, list(evidence), **values)
        if found not in self.findings:
            self.findings.append(found)


def keeps_file(old: str, new: str) -> bool:
    """Whether PostgreSQL changes the type without writing the table anew.

    From https://www.postgresql.org/docs/current/sql-altertable.html: where the old type is binary coercible to the new
    one, or an unconstrained domain over it.
    """
    old, new = (" ".join(kind.lower().split()) for kind in (old, new))
    text = ("text", "varchar", "character varying")
    if old == new or (old == "cidr" and new == "inet"):
        return True
    before, after = _SAME_FAMILY.match(old), _SAME_FAMILY.match(new)
    if new in text:
        return old in text or (before is not None and before[1] in text)
    if before is None or after is None or before[1] != after[1]:
        return new in ("numeric", "decimal") and before is not None and before[1] == new
    return int(after[2]) >= int(before[2]) and (after[3] or "0") == (before[3] or "0")


def _size(count: int) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= factor:
            return f"{count / factor:.3g} {unit} of data"
    return f"{count} bytes of data"


def _has_default(statements_of_column: list[str]) -> bool:
    default = False
    for text in statements_of_column:
        if re.search(r" (?:SET )?DEFAULT (?!NULL\b)| GENERATED ", text):
            default = True
        if "DROP DEFAULT" in text:
            default = False
    return default


def _codes(sql: list[str]) -> set[str]:
    """The codes of what django-migration-linter says of statements."""
    if str(_BUNDLED) not in sys.path:
        # At the end: whatever the project has installed itself comes first.
        sys.path.append(str(_BUNDLED))
    from django_migration_linter.sql_analyser import PostgresqlAnalyser

    analyser = PostgresqlAnalyser(None)
    analyser.analyse(sql)
    return {issue.code for issue in [*analyser.errors, *analyser.warnings]}
