"""Looks at a migrator from outside: a second connection, so that the migrator's own transaction is not disturbed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .failure import say
from .lock_modes import strongest

# An index that is being dropped concurrently is no longer used by any query: its locks block nobody.
_LOCKS = """
SELECT CASE WHEN n.nspname = 'public' THEN t.relname ELSE n.nspname || '.' || t.relname END, l.mode, t.oid::bigint
FROM pg_locks l
JOIN pg_class c ON c.oid = l.relation
LEFT JOIN pg_index i ON i.indexrelid = c.oid AND i.indislive
JOIN pg_class t ON t.oid = coalesce(i.indrelid, c.oid)
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE l.pid = %s AND l.granted AND l.locktype = 'relation'
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND t.relkind IN ('r', 'p', 'm', 'f') AND t.relname <> 'django_migrations'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"""
_SIZES = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint, pg_database_size(current_database())"

_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 0.05


@dataclass
class Held:
    """The locks of one server process at one moment."""

    #: Strongest mode by table.
    modes: dict[str, str] = field(default_factory=dict)
    #: Tables that are locked exclusively, by their oid.
    exclusive: set[int] = field(default_factory=set)


@dataclass
class Watch:
    """What was seen while a statement ran."""

    began: float
    #: When a lock on a table in a mode was seen first; where that was at the first look, when the statement began.
    seen: dict[tuple[str, str], float] = field(default_factory=dict)
    exclusive: set[int] = field(default_factory=set)


class Observer:
    """Another connection to the migrator's database, which never waits: its queries end after a second, its locks sooner."""

    def __init__(self) -> None:
        from django.db import connections

        self._wrapper = connections.create_connection("default")
        self._wrapper.ensure_connection()
        # The driver's own connection: Django's ties each to one thread.
        self._connection = self._wrapper.connection
        self._mutex = threading.Lock()
        self._told = False
        self._query(
            "SELECT set_config('application_name', 'rehearsal observer', false), "
            "set_config('statement_timeout', '1s', false), set_config('lock_timeout', '100ms', false)"
        )

    def close(self) -> None:
        self._wrapper.close()

    def sizes(self) -> tuple[int, int]:
        """Position in the server's write-ahead log and size of the database, in bytes; zeros where it did not answer."""
        rows = self._query(_SIZES)
        return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)

    def locks(self, process: int) -> Held:
        """The granted locks of a server process on tables of the project."""
        held = Held()
        for table, mode, oid in self._query(_LOCKS, [process]):
            strongest(held.modes, table, mode)
            if mode == "AccessExclusiveLock":
                held.exclusive.add(oid)
        return held

    def files(self) -> dict[int, int]:
        """The number of the file that holds each table, by the table's oid."""
        return dict(
            self._query(
                "SELECT oid::bigint, relfilenode::bigint FROM pg_class WHERE relkind IN ('r', 'm') AND oid >= 16384"
            )
        )

    @contextmanager
    def watching(self, process: int) -> Iterator[Watch]:
        """Looks at the locks of a server process again and again until the block ends."""
        watch = Watch(time.time())
        ended = threading.Event()
        thread = threading.Thread(target=self._watch, args=(process, watch, ended), daemon=True)
        thread.start()
        try:
            yield watch
        finally:
            ended.set()
            thread.join()

    def _watch(self, process: int, watch: Watch, ended: threading.Event) -> None:
        pause = _FIRST_PAUSE
        first = True
        while not ended.wait(pause):
            now = watch.began if first else time.time()
            held = self.locks(process)
            for table, mode in held.modes.items():
                watch.seen.setdefault((table, mode), now)
            watch.exclusive |= held.exclusive
            first = False
            pause = min(_LONGEST_PAUSE, pause * 2)

    def _query(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        try:
            with self._mutex, self._connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return cursor.fetchall()
        except Exception as error:
            if not self._told:
                say(
                    f"locks and sizes are not complete: the observing connection got {error.__class__.__name__}: {error}"
                )
                self._told = True
            return []
