"""One migrator at a time per database, and none while a worker takes in data.

Both are PostgreSQL's advisory locks, which the server frees when their holder is gone. A migrator holds MIGRATION, and
INTAKE exclusively while it changes the schema; a worker holds INTAKE shared while its command runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .failure import Failure, say
from .limits import waited_in_vain

# Any numbers serve, as long as all take the same; they are words in ASCII.
MIGRATION = int.from_bytes(b"rehearse", "big")
INTAKE = int.from_bytes(b"intake->", "big")
#: Held beside INTAKE by a migrator that failed after it had changed something: the running release goes on.
FAILED = int.from_bytes(b"failed->", "big")

OF_KEY = (
    "l.locktype = 'advisory' AND l.objsubid = 1 AND (l.classid::bigint << 32 | l.objid::bigint) = %s "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
#: By what a worker's connection is known to the server.
INTAKE_NAME = "rehearsal intake"
# Workers look once a second.
SEEN_SECONDS = 3


class Migrator:
    """What the only migrator of a database may do beyond migrating."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def stop_intake(self, seconds: float) -> None:
        """Returns when no worker's command runs; none starts until this migrator ends.

        :raises Failure: when one still runs after ``seconds``.
        """
        if self._connection is None:
            return
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [INTAKE])
            if cursor.fetchone()[0]:
                return
            say(f"intake stops: waiting for {_holders(cursor, INTAKE)} to finish what it is at")
            try:
                # Waits in the server, where workers see that somebody does.
                _limit(cursor, lock_timeout=max(1, int(seconds * 1000)))
                cursor.execute("SELECT pg_advisory_lock(%s)", [INTAKE])
            except Exception as error:
                if not waited_in_vain(error):
                    raise
                raise Failure(
                    f"workers must finish what they are at before the schema changes; found {_holders(cursor, INTAKE)} "
                    f"still at work after {seconds:g} s; nothing was changed; see the worker's log, let its command "
                    "end on SIGTERM, or raise INTAKE_DRAIN_SECONDS"
                ) from error
            _limit(cursor, lock_timeout=0)
        say("intake has stopped")

    def let_intake_go_on(self) -> None:
        """Tells the workers that wait that their release stays, although some migrations were applied."""
        if self._connection is None:
            return
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [INTAKE_NAME])
                if cursor.fetchone()[0] == 0:
                    return
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [FAILED])
            time.sleep(SEEN_SECONDS)
        except Exception:
            # They go on by themselves after INTAKE_RESUME_SECONDS.
            say("the workers could not be told to go on at once: the database does not answer")


@contextmanager
def one_migrator(seconds: float) -> Iterator[Migrator]:
    """Holds the migrators' lock on a connection of its own; the server frees it when this process dies.

    Databases other than PostgreSQL are not locked.

    :raises Failure: when another migrator holds the lock for longer than ``seconds``.
    """
    from django.db import connections

    connection = connections.create_connection("default")
    if connection.vendor != "postgresql":
        yield Migrator(None)
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', 'rehearsal migrate', false)")
            # The limits of migrations are not those of waiting for one's turn.
            _limit(cursor, lock_timeout=0, statement_timeout=0)
            _take(cursor, seconds)
        yield Migrator(connection)
    finally:
        connection.close()


def _limit(cursor: Any, **limits: int) -> None:
    for name, milliseconds in limits.items():
        cursor.execute("SELECT set_config(%s, %s, false)", [name, str(milliseconds)])


def _take(cursor: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    told = ""
    while True:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [MIGRATION])
        if cursor.fetchone()[0]:
            return
        holder = _holders(cursor, MIGRATION)
        if time.monotonic() >= end:
            raise Failure(
                f"one migrator at a time may run on a database; found another for {seconds:g} s ({holder}); "
                "wait until it has ended, or end it, and run this again"
            )
        if holder != told:
            say(f"waiting for another migrator to end ({holder})")
            told = holder
        time.sleep(0.25)


def _holders(cursor: Any, key: int) -> str:
    cursor.execute(
        "SELECT a.pid, a.usename, host(a.client_addr), to_char(a.backend_start, 'HH24:MI:SS TZ') "
        f"FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.granted AND {OF_KEY} ORDER BY a.pid",
        [key],
    )
    # What another role's session is up to is not shown to everybody.
    return (
        "; ".join(
            f"server process {pid}"
            + (f" from {address}" if address else f" of role {role}")
            + (f", connected since {since}" if since else "")
            for pid, role, address, since in cursor.fetchall()
        )
        or "one that is just ending"
    )
