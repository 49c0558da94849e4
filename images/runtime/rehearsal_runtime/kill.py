"""Kills the migrator after each statement of each pending migration, and tells what that leaves: on a clone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import database, project
from .child import Outcome, run_migration
from .collect import statement_count
from .events import Tell, channel
from .failure import Failure
from .fingerprint import fingerprint, recorded
from .limits import limit_each_connection, lock_retries
from .project_state import applied_state, pending
from .settings import number

#: Exit code when the clone is neither before nor after a migration, and another one is needed.
SPENT = 3

_SERVER_SECONDS = 30.0
_UNKNOWN = 1 << 30


def run(arguments: list[str]) -> int:
    """Returns 0 when everything was tried, or 3 after ``spent``: then go on with ``--from`` on a fresh clone.

    ``--from APP.NAME:N`` applies what comes before that migration and goes on after its statement N. KILL_LIMIT (default
    40) bounds the kills of one migration: the first and the last statement always, the others evenly. After KILL_SECONDS
    (default 10) no more kills begin, and ``omitted`` says what was left out.

    Events: ``kill`` (``found`` is before, after or between; then also ``resumed``), ``spent``, ``omitted`` and ``done``.

    :raises Failure: when an argument is wrong, the database cannot be reached, or a migration fails by itself.
    """
    start = _start(arguments)
    tell = channel()
    project.load()
    limit_each_connection()
    connection = database.connect(number("DATABASE_WAIT_SECONDS", 60))
    if connection.vendor != "postgresql":
        raise Failure(f"a migrator is killed on PostgreSQL; found {connection.vendor}; point DATABASE_URL at a clone")
    limit = max(2, int(number("KILL_LIMIT", 40)))
    return _Killer(tell, time.monotonic() + number("KILL_SECONDS", 10), limit).run(start)


def points(statements: int, limit: int) -> list[int]:
    """After which of so many statements to kill, in order: the first, the last, and others evenly up to ``limit``."""
    if statements <= limit:
        return list(range(1, statements + 1))
    return sorted({round(1 + index * (statements - 1) / (limit - 1)) for index in range(limit)})


def growing(limit: int, after: int) -> list[int]:
    """After which statements to kill where nobody knows how many there are, beyond ``after``: the steps grow."""
    found, statement = [], 1
    for _ in range(limit):
        found.append(statement)
        statement += max(1, statement // 2)
    return [point for point in found if point > after]


def _after(point: int, done: int = 0) -> Callable[[int, bool], bool]:
    """Kill after statement ``point``, or after the last one where there are fewer but more than ``done``."""
    return lambda count, all_done: count >= point or (all_done and count > done)


@dataclass(frozen=True)
class _Start:
    migration: str
    statement: int


def _start(arguments: list[str]) -> _Start | None:
    if not arguments:
        return None
    name, _, statement = arguments[1].rpartition(":") if len(arguments) == 2 else ("", "", "")
    if arguments[0] != "--from" or "." not in name or not statement.isdecimal():
        raise Failure(
            f"kill takes nothing, or --from APP.NAME:STATEMENT; found {' '.join(arguments)!r}; "
            "name the migration and the statement as the event 'spent' does"
        )
    return _Start(name, int(statement))


class _Killer:
    def __init__(self, tell: Tell, deadline: float, limit: int) -> None:
        from django.db import connection
        from django.db.migrations.executor import MigrationExecutor

        self._tell = tell
        self._deadline = deadline
        self._limit = limit
        self._connection = connection
        self._executor = MigrationExecutor(connection)
        self._executor.recorder.ensure_schema()

    def run(self, start: _Start | None) -> int:
        from django.core.management.sql import emit_pre_migrate_signal

        migrations, full_plan = pending(self._executor)
        names = [str(migration) for migration in migrations]
        if start is not None and start.migration not in names:
            raise Failure(
                f"--from names a pending migration; found {start.migration}, pending are {', '.join(names) or 'none'}; "
                "give a clone in the state before the migrations"
            )
        state = applied_state(self._executor.loader, full_plan)
        plan = [(migration, False) for migration in migrations]
        emit_pre_migrate_signal(0, False, self._connection.alias, stdout=None, apps=state.apps, plan=plan)
        for index, migration in enumerate(migrations):
            done = 0
            if start is not None and index <= names.index(start.migration):
                done = start.statement if names[index] == start.migration else _UNKNOWN
            if time.monotonic() > self._deadline:
                self._omit(names[index:])
                break
            if done != _UNKNOWN and self._kill(state, migration, done):
                return SPENT
            if str(migration) not in self._recorded():
                state = self._apply(state, migration)
            else:
                state = migration.mutate_state(state)
            if "apps" not in state.__dict__:
                _ = state.apps  # Rendered once for all forks of the next migration.
        self._tell({"event": "done", "ok": True})
        return 0

    def _kill(self, state: Any, migration: Any, done: int) -> bool:
        """Kills the migrator after one statement after the other; returns whether the clone is spent."""
        before = fingerprint(self._connection)
        if not migration.atomic:
            return self._kill_in_steps(state, migration, done, before)
        if done:
            # It was found between on another clone: not all that it does is in its transaction, and that is told.
            return False
        # Killed only once all is done: that is the last kill, and it tells how many statements there are.
        last = self._fork(state, migration, lambda _count, all_done: all_done)
        if last.statements == 0:
            return False
        todo = [(last.statements, last)] + [(point, None) for point in points(last.statements, self._limit)[:-1]]
        for tried, (point, outcome) in enumerate(todo):
            if outcome is None:
                if self._late(migration, last.statements, tried):
                    return False
                outcome = self._fork(state, migration, _after(point))
            event = self._event(migration, outcome, last.statements)
            found = self._found(migration, outcome, before)
            if found == "between":
                self._spend([event], self._fork(state, migration, None, failing=True))
                return True
            self._tell(event | {"found": found})
        return False

    def _kill_in_steps(self, state: Any, migration: Any, done: int, before: str) -> bool:
        """The same for a migration that commits on its way, of which nobody knows beforehand how far it goes.

        Where only rows were committed the next run goes on from there, and is killed in turn: only where a changed schema
        was committed another clone is needed.
        """
        known = statement_count(self._connection, state, migration)
        waiting: list[dict[str, Any]] = []
        for tried, point in enumerate(growing(self._limit, done)):
            if self._late(migration, None, tried):
                break
            outcome = self._fork(state, migration, _after(point, done), failing=bool(waiting))
            if not outcome.killed:
                # All of it was tried, here or on other clones; now it has come to its end, or cannot go on.
                return self._resumed(waiting, outcome)
            event = self._event(migration, outcome, max(known, outcome.statements))
            found = self._found(migration, outcome, before)
            if found == "between":
                self._spend([*waiting, event], self._fork(state, migration, None, failing=True))
                return True
            if found == "rows":
                waiting.append(event)
            else:
                self._tell(event | {"found": found})
            done = outcome.statements
            if outcome.statements < point:
                break
        return self._resumed(waiting, self._fork(state, migration, None, failing=True)) if waiting else False

    def _resumed(self, events: list[dict[str, Any]], again: Outcome) -> bool:
        if again.error is not None and events:
            self._spend(events, again)
            return True
        for event in events:
            self._tell(event | {"found": "between", "resumed": {"ok": True}})
        return False

    def _spend(self, events: list[dict[str, Any]], again: Outcome) -> None:
        resumed = {"ok": again.error is None} | ({"error": again.error} if again.error else {})
        for event in events:
            self._tell(event | {"found": "between", "resumed": resumed})
        last = events[-1]
        self._tell({"event": "spent", "migration": last["migration"], "afterStatement": last["afterStatement"]})

    def _event(self, migration: Any, outcome: Outcome, total: int) -> dict[str, Any]:
        return {
            "event": "kill",
            "migration": str(migration),
            "afterStatement": outcome.statements,
            "statements": total,
        }

    def _found(self, migration: Any, outcome: Outcome, before: str) -> str:
        """Where a killed migrator left the database: "before", "after", "between", or between by its "rows" alone."""
        self._await_end(outcome.process)
        if str(migration) in self._recorded():
            return "after"
        if fingerprint(self._connection) != before:
            return "between"
        if not outcome.wrote:
            return "before"
        return "between" if migration.atomic else "rows"

    def _late(self, migration: Any, total: int | None, tried: int = 0) -> bool:
        if time.monotonic() <= self._deadline:
            return False
        self._tell({"event": "omitted", "migration": str(migration), "statements": total, "tried": tried})
        return True

    def _fork(self, state: Any, migration: Any, kill_after: Any, failing: bool = False) -> Outcome:
        from django.db import connections

        connections.close_all()
        outcome = run_migration(self._executor, state, migration, kill_after)
        if outcome.error is not None and not failing:
            raise Failure(
                f"a migration must run through before it can be killed; found {migration} fails by itself: "
                f"{outcome.error}; see the measured run"
            )
        return outcome

    def _apply(self, state: Any, migration: Any) -> Any:
        try:
            with lock_retries(lambda _retry: None):
                return self._executor.apply_migration(state, migration)
        except Exception as error:
            raise Failure(
                f"a migration must run through before those after it can be killed; found {migration} fails by itself: "
                f"{database.words(error)}; see the measured run"
            ) from error

    def _await_end(self, process: int) -> None:
        """Waits until the server has noticed that its client is gone, and undone what was not committed."""
        end = time.monotonic() + _SERVER_SECONDS
        while True:
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [process])
                if cursor.fetchone()[0] == 0:
                    return
            if time.monotonic() > end:
                raise Failure(
                    f"the server ends the session of a killed migrator; found it at work after {_SERVER_SECONDS:g} s "
                    f"(server process {process}); see the database's log"
                )
            time.sleep(0.005)

    def _recorded(self) -> set[str]:
        return {f"{app}.{name}" for app, name in recorded(self._connection)}

    def _omit(self, names: list[str]) -> None:
        for name in names:
            self._tell({"event": "omitted", "migration": name, "statements": None, "tried": 0})
