"""Applies the release's migrations, measured statement by statement: for rehearsals on a clone."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import database, permissions, project
from .database import words
from .events import Tell, channel
from .failure import Failure, say
from .limits import Retry, limit_each_connection, lock_retries
from .measure import Measurement
from .observer import Observer
from .settings import number


def run(arguments: list[str]) -> int:
    """Applies what is pending, or unapplies the migrations after ``--back``; returns 0, or 1 where one failed.

    With ``--wait`` before all else it gets ready and waits for a line on standard input.

    Standard output is a line of JSON for each event: ``migration-start``, ``statement``, ``lock``, ``retry``,
    ``migration-end``, ``outside`` (a statement of no migration that changes rows), ``permission`` (one that groups or users
    hold and whose model had it before) and at the end ``done``. Times are seconds since 1970.

    :raises Failure: when an argument is wrong or the database cannot be reached.
    """
    wait = arguments[:1] == ["--wait"]
    back = _back(arguments[1:] if wait else arguments)
    tell = channel()
    project.load()
    limit_each_connection()
    connection = database.connect(number("DATABASE_WAIT_SECONDS", 60))
    if connection.vendor != "postgresql":
        raise Failure(
            f"migrations are rehearsed on PostgreSQL; found {connection.vendor}; point DATABASE_URL at a clone"
        )
    if wait:
        sys.stdin.readline()
    observer = Observer()
    measurement = Measurement(connection, observer, tell)
    before = {} if back is not None else permissions.ownerless()
    ok = False
    try:
        with lock_retries(lambda retry: _tell_retry(tell, retry)), _measured(measurement), measurement.listening():
            ok = _unapply(connection, back) if back is not None else _apply()
        if ok and back is None:
            _tell_permissions(tell, before, permissions.ownerless())
    finally:
        observer.close()
        tell({"event": "done", "ok": ok})
    return 0 if ok else 1


def keys(names: list[str]) -> list[tuple[str, str]]:
    """Migrations by their names.

    :raises Failure: where one is not "app.name".
    """
    wrong = [name for name in names if not all(name.partition("."))]
    if wrong:
        raise Failure(
            f"a migration is named app.name; found {wrong[0]!r}; name it as 'plan' does, for example flights.0001_initial"
        )
    return [(app, name) for app, _dot, name in (given.partition(".") for given in names)]


def _back(arguments: list[str]) -> list[tuple[str, str]] | None:
    if not arguments:
        return None
    if arguments[0] != "--back" or len(arguments) == 1:
        raise Failure(
            f"apply takes nothing, or --back and the migrations to unapply; found {' '.join(arguments)!r}; "
            "name each as app.name"
        )
    return keys(arguments[1:])


def _apply() -> bool:
    from django.core.management import call_command, get_commands, load_command_class

    # By its name, since an app may bring a migrate command of its own.
    command = load_command_class(get_commands()["migrate"], "migrate")
    try:
        call_command(command, interactive=False, verbosity=1)
    except Exception as error:
        _told(error)
        return False
    return True


def _unapply(connection: Any, wanted: list[tuple[str, str]]) -> bool:
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    nodes = executor.loader.graph.nodes
    unknown = [key for key in wanted if key not in nodes]
    if unknown:
        raise Failure(
            f"the release must have the migrations that are unapplied; found no {'.'.join(unknown[0])} in it; "
            "use the image that applied it"
        )
    order = [
        migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    ]
    plan = [(migration, True) for migration in reversed(order) if (migration.app_label, migration.name) in wanted]
    try:
        executor.migrate(None, plan=plan)
    except Exception as error:
        _told(error)
        return False
    return True


def _told(error: Exception) -> None:
    sys.stderr.flush()
    traceback.print_exc()
    say(f"the migration failed: {error.__class__.__name__}: {words(error)}")


def _tell_permissions(tell: Tell, before: dict[int, tuple[str, int]], after: dict[int, tuple[str, int]]) -> None:
    for key, (name, groups) in after.items():
        if key not in before:
            tell({"event": "permission", "name": name, "groups": groups})


def _tell_retry(tell: Tell, retry: Retry) -> None:
    event: dict[str, Any] = {
        "event": "retry",
        "migration": retry.migration,
        "at": time.time(),
        "error": retry.error,
        "pause": retry.pause,
    }
    tell(event | ({"sql": retry.statement} if retry.statement else {}))


@contextmanager
def _measured(measurement: Measurement) -> Iterator[None]:
    from django.db.migrations.executor import MigrationExecutor

    originals = {name: getattr(MigrationExecutor, name) for name in ("apply_migration", "unapply_migration")}

    def measured(original: Any) -> Any:
        def step(executor: Any, state: Any, migration: Any, *rest: Any, **named: Any) -> Any:
            with measurement.migration(str(migration), migration.atomic):
                return original(executor, state, migration, *rest, **named)

        return step

    for name, original in originals.items():
        setattr(MigrationExecutor, name, measured(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(MigrationExecutor, name, original)
