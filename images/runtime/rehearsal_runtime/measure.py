"""Measures each statement of a migration as it runs: time, rows, locks, rewritten tables, sizes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .database import words
from .events import Tell
from .held_locks import HeldLocks
from .limits import sql_text
from .observer import Observer, Watch
from .sql_text import is_bookkeeping, is_data, is_write, plain, shape, shown

_IDLE = 0

# What runs in a transaction of its own just as well as without one, so that its locks can be seen before they go.
_ALONE = re.compile(
    r"(?:ALTER TABLE|ALTER INDEX|CREATE TABLE|CREATE (?:UNIQUE )?INDEX|DROP TABLE|DROP INDEX|COMMENT|TRUNCATE|UPDATE|DELETE"
    r"|INSERT)\b(?!.*\bCONCURRENTLY\b)",
    re.DOTALL,
)
_FILES = """
SELECT c.oid::bigint, c.relfilenode::bigint,
  CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END,
  greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)::bigint, pg_relation_size(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.oid = ANY(%s::bigint[]::oid[])"""


class Measurement:
    """Listens to a connection while migrations run on it, and tells what each statement did.

    Executions of one data statement, told apart by nothing but their values, are told as one with their ``count``: a
    migration in Python makes thousands. Only the first of them is looked at from outside.
    """

    def __init__(self, connection: Any, observer: Observer, tell: Tell) -> None:
        self._connection = connection
        self._observer = observer
        self._tell = tell
        self._migration = ""
        self._folded: dict[str, dict[str, Any]] = {}
        self._folded_from = (0, 0)
        self._held = HeldLocks(observer, self._tell_lock)
        self._files: dict[int, int] = {}
        self._own_seconds = 0.0
        self._count = 0
        self._told_outside: set[str] = set()
        # As the statement before left them, where nothing else ran since.
        self._sizes: tuple[int, int] | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listens until the block ends."""
        connection = self._connection
        originals = {"commit": connection.commit, "rollback": connection.rollback}
        connection.commit = self._ending("COMMIT", originals["commit"])
        connection.rollback = self._ending("ROLLBACK", originals["rollback"])
        try:
            with connection.execute_wrapper(self._execute):
                yield
        finally:
            # The methods of the class show again.
            del connection.commit, connection.rollback

    @contextmanager
    def migration(self, name: str, atomic: bool) -> Iterator[None]:
        """What runs in this block is of that migration."""
        self._migration, self._own_seconds, self._count = name, 0.0, 0
        self._files = self._observer.files()
        self._sizes = None
        before = self._observer.sizes()
        session = self._session()
        began = time.time()
        self._tell({"event": "migration-start", "migration": name, "atomic": atomic, "at": began})
        failed: dict[str, str] = {}
        try:
            yield
        except Exception as error:
            failed["error"] = f"{error.__class__.__name__}: {words(error)}"
            raise
        finally:
            seconds = time.time() - began - self._own_seconds
            self._tell_folded()
            self._held.release(time.time())
            after = self._observer.sizes()
            left = {name: value for name, value in self._session().items() if session.get(name) != value}
            self._tell(
                {
                    "event": "migration-end",
                    "migration": name,
                    "seconds": max(0.0, seconds),
                    "statements": self._count,
                    "walBytes": after[0] - before[0],
                    "sizeBytes": after[1] - before[1],
                    "left": left,
                    **failed,
                }
            )
            self._migration = ""

    def _session(self) -> dict[str, str]:
        """Settings of the session that are others than it began with."""
        driver = self._connection.connection
        if driver is None or driver.closed or driver.info.transaction_status != _IDLE:
            return {}
        with driver.cursor() as cursor:
            cursor.execute("SELECT name, setting FROM pg_settings WHERE source = 'session'")
            return dict(cursor.fetchall())

    def _execute(
        self, execute: Callable[..., Any], sql: object, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        text = sql_text(sql, self._connection)
        if not self._migration:
            self._outside(text)
            return execute(sql, params, many, context)
        if is_bookkeeping(text):
            return execute(sql, params, many, context)
        self._count += 1
        data = is_data(text)
        key = shape(text) if data else ""
        if data and key in self._folded:
            return self._repeat(self._folded[key], execute, sql, params, many, context)
        with self._own_time():
            if not data:
                self._tell_folded()
            elif not self._folded:
                self._folded_from = self._observer.sizes()
        return self._observe(text, key, lambda: execute(sql, params, many, context), context)

    def _outside(self, text: str) -> None:
        """Tells once of each statement by which a receiver of pre_migrate or post_migrate changes rows."""
        if is_write(text) and not is_bookkeeping(text) and shape(text) not in self._told_outside:
            self._told_outside.add(shape(text))
            self._tell({"event": "outside", "sql": shown(text)})

    def _repeat(self, event: dict[str, Any], execute: Callable[..., Any], *rest: Any) -> Any:
        self._sizes = None
        began = time.perf_counter()
        try:
            result = execute(*rest)
        except Exception as error:
            event["error"] = words(error)
            raise
        finally:
            event["seconds"] += time.perf_counter() - began
            event["count"] += 1
        event["until"] = time.time()
        rows = _rows(rest[-1])
        if rows is not None:
            event["rows"] = (event["rows"] or 0) + rows
        return result

    def _observe(self, text: str, key: str, run: Callable[[], Any], context: dict[str, Any]) -> Any:
        driver = self._connection.connection
        process = driver.info.backend_pid
        with self._own_time():
            alone = driver.info.transaction_status == _IDLE and self._connection.get_autocommit() and _alone(text)
            if alone:
                _run_on(driver, "BEGIN")
            wal, size = self._sizes or self._observer.sizes()
        failure: Exception | None = None
        result = None
        with self._observer.watching(process) as watch:
            began = time.perf_counter()
            try:
                result = run()
            except Exception as error:
                failure = error
            seconds = time.perf_counter() - began
        until = time.time()
        rows = None if failure else _rows(context)
        with self._own_time():
            # What is read while the transaction is open is all; else the locks are gone, unless they were seen in time.
            unseen = failure is not None or (not alone and driver.info.transaction_status == _IDLE)
            locks = self._held.after(text, watch, process, until, failure, unseen)
            rewritten = [] if failure else self._rewritten(watch, process)
        if alone:
            began = time.perf_counter()
            failure = _end(driver, failure)
            seconds += time.perf_counter() - began
            self._held.release(time.time())
        with self._own_time():
            after = self._sizes = self._observer.sizes()
        event = {
            "event": "statement",
            "migration": self._migration,
            "sql": shown(text),
            "at": watch.began,
            "until": watch.began + seconds,
            "seconds": seconds,
            "count": 1,
            "rows": rows,
            "rewritten": rewritten,
            "sizeBytes": after[1] - size,
            "walBytes": after[0] - wal,
            "locks": locks,
        }
        if failure:
            event["error"] = words(failure)
        if key and not failure:
            self._folded[key] = event
        else:
            self._tell_folded()
            self._tell(event)
        if failure:
            raise failure
        return result

    def _rewritten(self, watch: Watch, process: int) -> list[dict[str, Any]]:
        if not watch.exclusive:
            return []
        # Only the transaction itself sees the new file before it commits. The driver's own cursor: nobody listens there.
        with self._connection.connection.cursor() as cursor:
            cursor.execute(_FILES, [sorted(watch.exclusive)])
            rows = cursor.fetchall()
        rewritten = []
        for oid, file, table, tuples, size in rows:
            if self._files.get(oid, file) != file:
                rewritten.append({"table": table, "rows": tuples, "bytes": size})
            self._files[oid] = file
        return rewritten

    def _ending(self, what: str, original: Callable[[], None]) -> Callable[[], None]:
        def end() -> None:
            began = time.time()
            try:
                original()
            except Exception as error:
                if self._migration:
                    self._tell_folded()
                    self._tell(self._failed_end(what, began, error))
                raise
            finally:
                self._held.release(time.time())

        return end

    def _failed_end(self, what: str, began: float, error: Exception) -> dict[str, Any]:
        now = time.time()
        return {
            "event": "statement",
            "migration": self._migration,
            "sql": what,
            "at": began,
            "until": now,
            "seconds": now - began,
            "count": 1,
            "rows": None,
            "rewritten": [],
            "sizeBytes": 0,
            "walBytes": 0,
            "locks": [],
            "error": words(error),
        }

    def _tell_lock(self, table: str, mode: str, since: float, until: float) -> None:
        if self._migration:
            span = {"table": table, "mode": mode, "from": since, "until": max(since, until)}
            self._tell({"event": "lock", "migration": self._migration, **span})

    def _tell_folded(self) -> None:
        """Tells what was folded; what all of it wrote is shared out to those that write, by their time."""
        folded = sorted(self._folded.values(), key=lambda event: event["at"])
        self._folded = {}
        if any(event["count"] > 1 for event in folded):
            with self._own_time():
                after = self._observer.sizes()
            writing = [event for event in folded if is_write(event["sql"])] or folded
            total = sum(event["seconds"] for event in writing) or 1.0
            for event in folded:
                share = event["seconds"] / total if event in writing else 0
                event["walBytes"] = round((after[0] - self._folded_from[0]) * share)
                event["sizeBytes"] = round((after[1] - self._folded_from[1]) * share)
        for event in folded:
            self._tell(event)

    @contextmanager
    def _own_time(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._own_seconds += time.perf_counter() - began


def _alone(text: str) -> bool:
    statement = plain(text)
    return ";" not in statement and _ALONE.match(statement) is not None


def _rows(context: dict[str, Any]) -> int | None:
    count = context["cursor"].rowcount
    return None if count is None or count < 0 else int(count)


def _run_on(driver: Any, sql: str) -> None:
    with driver.cursor() as cursor:
        cursor.execute(sql)


def _end(driver: Any, failure: Exception | None) -> Exception | None:
    try:
        _run_on(driver, "ROLLBACK" if failure else "COMMIT")
    except Exception as error:
        return failure or error
    return failure
