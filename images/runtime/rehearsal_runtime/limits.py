"""The time limits of migrations, and what is tried again when a lock was not to be had within them."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .database import words
from .settings import number

# lock_not_available (lock_timeout) and deadlock_detected: the server did nothing, and soon it may.
_IN_VAIN = ("55P03", "40P01")

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# Statements that commit on their way, or leave behind what they had made until they failed.
_HALF_DONE = re.compile(
    r"(?:^|;)\s*(?:BEGIN|COMMIT|END|ROLLBACK|ABORT|START|SAVEPOINT|PREPARE|CALL|DO|REINDEX|VACUUM|CLUSTER)\b"
    r"|\bDETACH\s+PARTITION\b.*\bCONCURRENTLY\b",
    re.IGNORECASE | re.DOTALL,
)
_INDEX_CONCURRENTLY = re.compile(
    r'^\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"((?:[^"]|"")+)"|(\w+))\s+ON\b',
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Retry:
    """One more attempt that is about to be made, after a pause of ``pause`` seconds."""

    #: "app.name"
    migration: str
    #: The SQL that is tried again by itself; None where the whole migration is.
    statement: str | None
    #: 1 for the first retry.
    number: int
    #: How many there may be.
    limit: int
    pause: float
    #: What the driver said, on one line.
    error: str


def limit_each_connection() -> None:
    """Sets the time limits on every connection, whatever options the project's settings give to the driver.

    A limit of 0 is none. A statement that runs on after its migrator was killed would hold its locks, so the server is
    asked to look for its client every second (CONNECTION_CHECK_MILLISECONDS).

    :raises Failure: when MIGRATION_LOCK_TIMEOUT or MIGRATION_STATEMENT_TIMEOUT (milliseconds) is no number.
    """
    from django.db.backends.signals import connection_created

    limits = {
        "lock_timeout": int(number("MIGRATION_LOCK_TIMEOUT", 0)),
        "statement_timeout": int(number("MIGRATION_STATEMENT_TIMEOUT", 0)),
        "client_connection_check_interval": int(number("CONNECTION_CHECK_MILLISECONDS", 1000)),
    }

    def limit(connection, **_: object) -> None:  # type: ignore[no-untyped-def]
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            for name, milliseconds in limits.items():
                # Servers before PostgreSQL 14 do not know the last of them.
                cursor.execute(
                    "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = %s", [str(milliseconds), name]
                )

    connection_created.connect(limit, weak=False)


@contextmanager
def lock_retries(on_retry: Callable[[Retry], None]) -> Iterator[None]:
    """Makes every MigrationExecutor try again, MIGRATION_LOCK_RETRIES times (default 10), where it did not get a lock.

    An atomic migration is tried again as a whole: it is one transaction here, its record in django_migrations included,
    which Django itself writes in another one where SQL was deferred to the migration's end. Of a migration that is not
    atomic only the statement is tried again that ran outside of any transaction, and only where repeating it is safe:
    an invalid index that CREATE INDEX CONCURRENTLY left is dropped first. All else ends with the driver's error.

    ``on_retry`` is called before each pause.
    """
    from django.db.migrations.executor import MigrationExecutor

    limit = int(number("MIGRATION_LOCK_RETRIES", 10))
    originals = {name: getattr(MigrationExecutor, name) for name in ("apply_migration", "unapply_migration")}
    for name, original in originals.items():
        setattr(MigrationExecutor, name, _with_retries(original, limit, on_retry))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(MigrationExecutor, name, original)


def waited_in_vain(error: BaseException) -> bool:
    """Whether the server gave up on a lock: what failed did nothing, and may be tried again."""
    return sqlstate(error) in _IN_VAIN


def sqlstate(error: BaseException | None) -> str | None:
    """The server's code for an error, whichever driver raised it and whatever was raised from it."""
    while error is not None:
        code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
        if code:
            return str(code)
        error = error.__cause__
    return None


def sql_text(sql: object, connection: Any) -> str:
    """A statement as text, also where the driver's own composed object was given."""
    if isinstance(sql, bytes):
        return sql.decode("utf-8", "replace")
    compose = getattr(sql, "as_string", None)
    return str(compose(connection.connection) if compose else sql)


def _with_retries(original: Callable[..., Any], limit: int, on_retry: Callable[[Retry], None]) -> Callable[..., Any]:
    def step(executor: Any, state: Any, migration: Any, *rest: Any, **named: Any) -> Any:
        connection = executor.connection
        if connection.vendor != "postgresql":
            return original(executor, state, migration, *rest, **named)
        if not migration.atomic:
            with _statement_retries(connection, str(migration), limit, on_retry):
                return original(executor, state, migration, *rest, **named)
        for attempt in range(1, limit + 2):
            try:
                # Operations change the state that they are given.
                return _as_one_transaction(original, executor, state.clone(), migration, *rest, **named)
            except Exception as error:
                if attempt > limit or not waited_in_vain(error):
                    raise
                _pause(Retry(str(migration), None, attempt, limit, _seconds(attempt), words(error)), on_retry)
        raise AssertionError("every attempt returns or raises")

    return step


def _as_one_transaction(original: Callable[..., Any], executor: Any, *rest: Any, **named: Any) -> Any:
    from django.db import transaction

    told = executor.progress_callback
    ended: list[tuple[Any, ...]] = []

    def tell(action: str, *about: Any) -> None:
        if action.endswith("_success"):
            ended.append((action, *about))
        else:
            told(action, *about)

    executor.progress_callback = tell if told else None
    try:
        with transaction.atomic(using=executor.connection.alias):
            result = original(executor, *rest, **named)
    finally:
        executor.progress_callback = told
    # Only now: the commit, too, may fail.
    for action in ended:
        told(*action)
    return result


@contextmanager
def _statement_retries(
    connection: Any, migration: str, limit: int, on_retry: Callable[[Retry], None]
) -> Iterator[None]:
    def run(execute: Callable[..., Any], sql: object, params: Any, many: bool, context: dict[str, Any]) -> Any:
        text = sql_text(sql, connection)
        if many or not outside_of_transactions(connection) or not _repeatable(text):
            return execute(sql, params, many, context)
        index = _index_built_concurrently(text)
        before = _invalid_indexes(connection, index) if index else set()
        for attempt in range(1, limit + 2):
            try:
                if attempt > 1 and index:
                    _drop_indexes(connection, _invalid_indexes(connection, index) - before)
                return execute(sql, params, many, context)
            except Exception as error:
                if attempt > limit or not waited_in_vain(error):
                    raise
                _pause(Retry(migration, text, attempt, limit, _seconds(attempt), words(error)), on_retry)
        raise AssertionError("every attempt returns or raises")

    # Outermost, so that whoever else listens hears of each attempt.
    connection.execute_wrappers.insert(0, run)
    try:
        yield
    finally:
        connection.execute_wrappers.remove(run)


def _repeatable(text: str) -> bool:
    bare = _COMMENT.sub(" ", text)
    if re.match(r"\s*CREATE\b.*\bINDEX\s+CONCURRENTLY\b", bare, re.IGNORECASE | re.DOTALL):
        # Without a name nobody can tell which index the first attempt left.
        return _index_built_concurrently(text) is not None
    return _HALF_DONE.search(bare) is None


def outside_of_transactions(connection: Any) -> bool:
    """Whether each statement on a PostgreSQL connection is committed by itself."""
    # The driver knows better than Django: SQL of a migration may have begun a transaction.
    return not connection.in_atomic_block and connection.connection.info.transaction_status == 0


def _index_built_concurrently(text: str) -> str | None:
    found = _INDEX_CONCURRENTLY.match(_COMMENT.sub(" ", text))
    if found is None:
        return None
    quoted, plain = found.groups()
    return quoted.replace('""', '"') if quoted else plain.lower()


def _invalid_indexes(connection: Any, name: str) -> set[str]:
    with connection.connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE NOT i.indisvalid AND c.relname = %s",
            [name],
        )
        return {row[0] for row in cursor.fetchall()}


def _drop_indexes(connection: Any, names: set[str]) -> None:
    # The driver's own cursor: nobody asked for these statements, and nobody listens for them.
    with connection.connection.cursor() as cursor:
        for name in sorted(names):
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _seconds(attempt: int) -> float:
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
    return pause * random.uniform(0.75, 1.25)


def _pause(retry: Retry, on_retry: Callable[[Retry], None]) -> None:
    on_retry(retry)
    time.sleep(retry.pause)
