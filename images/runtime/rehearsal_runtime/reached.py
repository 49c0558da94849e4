"""How far a failed migration got, and the way on from there."""

from __future__ import annotations

import re
from typing import Any

from .database import words
from .limits import outside_of_transactions, sql_text

SHOWN_CHARACTERS = 200

_READS = re.compile(r"^\s*(?:SELECT|SHOW|SET|EXPLAIN)\b", re.IGNORECASE)


class Reached:
    """Keeps what the migration at work executes; a listener of Django's ``migrate`` command, as ``Progress`` is."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._migration: Any = None
        self._applied: list[str] = []
        self._failed: tuple[str, str] | None = None
        self._committed: list[str] = []
        self._invalid: set[str] = set()
        connection.execute_wrappers.append(self._run)

    def attach(self, command: Any) -> None:
        """Listens to the progress that the command tells itself."""
        original = command.migration_progress_callback

        def listen(action: str, migration: Any = None, *rest: Any, **named: Any) -> None:
            if action == "apply_start":
                self._start(migration)
            elif action == "apply_success":
                self._applied.append(str(migration))
                self._migration = None
            original(action, migration, *rest, **named)

        command.migration_progress_callback = listen

    @property
    def changed(self) -> bool:
        """Whether anything was committed."""
        return bool(self._applied or self._committed)

    def describe(self, error: BaseException) -> list[str]:
        """What is and what is not in the database after ``error``, and what to do, in lines; none before one began."""
        if self._migration is None:
            return []
        applied = f"; applied before it: {', '.join(self._applied)}" if self._applied else ""
        name = f"{self._migration.app_label}.{self._migration.name}"
        if self._migration.atomic:
            return [f"{name} is atomic: nothing of it is in the database{applied}; mend it or the data, and run again"]
        sql, reason = self._failed or ("", words(error))
        where = f"at {_short(sql)}" if sql else "in its Python code"
        lines = [f"{name} is not atomic, and failed after {_count(self._committed)} {where}: {reason}{applied}"]
        lines += [f"committed, {number}: {_short(done)}" for number, done in enumerate(self._committed, 1)]
        left = self._left_invalid()
        lines += [f"left invalid: the index {index}; DROP INDEX CONCURRENTLY {index};" for index in left]
        if self._committed or left:
            # What a migration did before it failed is done again when it is run again.
            first = "drop what is invalid, then " if left else ""
            lines.append(
                f"the way on: {first}undo what is committed, or have the migration bear it (IF NOT EXISTS), and run it "
                "again from its beginning; or do what is missing by hand and record it with: "
                f"python manage.py migrate --fake {self._migration.app_label} {self._migration.name}"
            )
        else:
            lines.append("the way on: mend it or the data, and run it again; nothing of it is in the database")
        return lines

    def _start(self, migration: Any) -> None:
        self._migration = migration
        self._failed = None
        self._committed = []
        self._invalid = set() if migration.atomic else set(self._invalid_indexes())

    def _run(self, execute: Any, sql: object, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if self._migration is None or self._migration.atomic:
            return execute(sql, params, many, context)
        text = sql_text(sql, self._connection)
        try:
            result = execute(sql, params, many, context)
        except Exception as error:
            self._failed = (text, words(error))
            raise
        self._failed = None
        if not _READS.match(text):
            self._note(text)
        return result

    def _note(self, text: str) -> None:
        committed = self._committed
        if outside_of_transactions(self._connection):
            committed.append(text)
        elif self._connection.in_atomic_block:
            # Forgotten with the transaction, or the savepoint, that is rolled back.
            self._connection.on_commit(lambda: committed.append(text))

    def _left_invalid(self) -> list[str]:
        return sorted(set(self._invalid_indexes()) - self._invalid)

    def _invalid_indexes(self) -> list[str]:
        if self._connection.vendor != "postgresql":
            return []
        try:
            with self._connection.connection.cursor() as cursor:
                cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
                return [row[0] for row in cursor.fetchall()]
        except Exception:
            # The connection may be what failed.
            return []


def _count(statements: list[str]) -> str:
    return f"{len(statements)} committed {'statement' if len(statements) == 1 else 'statements'}"


def _short(sql: str) -> str:
    line = " ".join(sql.split())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}…"
