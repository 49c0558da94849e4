"""One migrator at a time per database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from .failure import Failure, say

# Any number serves, as long as every migrator takes the same; it is "rehearse" in ASCII.
KEY = int.from_bytes(b"rehearse", "big")


@contextmanager
def one_migrator(seconds: float) -> Iterator[None]:
    """Holds PostgreSQL's advisory lock on a connection of its own; the server frees it when this process dies.

    Databases other than PostgreSQL are not locked.

    :raises Failure: when another migrator holds the lock for longer than ``seconds``.
    """
    from django.db import connections

    connection = connections.create_connection("default")
    if connection.vendor != "postgresql":
        yield
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', 'rehearsal migrate', false)")
            _take(cursor, seconds)
        yield
    finally:
        connection.close()


def _take(cursor, seconds: float) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    told = ""
    while True:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [KEY])
        if cursor.fetchone()[0]:
            return
        holder = _holder(cursor)
        if time.monotonic() >= end:
            raise Failure(
                f"one migrator at a time may run on a database; found another for {seconds:g} s ({holder}); "
                "wait until it has ended, or end it, and run this again"
            )
        if holder != told:
            say(f"waiting for another migrator to end ({holder})")
            told = holder
        time.sleep(0.25)


def _holder(cursor) -> str:  # type: ignore[no-untyped-def]
    cursor.execute(
        "SELECT a.pid, coalesce(host(a.client_addr), 'local'), to_char(a.backend_start, 'HH24:MI:SS TZ') "
        "FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
        "AND (l.classid::bigint << 32 | l.objid::bigint) = %s "
        "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        [KEY],
    )
    row = cursor.fetchone()
    return f"server process {row[0]} from {row[1]}, connected since {row[2]}" if row else "just ending"
