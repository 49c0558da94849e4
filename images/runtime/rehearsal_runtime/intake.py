"""Holds the lock of a running worker in the database, and tells its supervisor when to let the worker's command rest.

A process of its own, since the supervisor takes nothing but the standard library. It imports the project's settings and
its driver, and none of its applications. The supervisor and it talk in lines:

from here     ``go FINGERPRINT`` the command may run · ``wait`` it may not, a migrator wants or has the database
to here       ``ended`` the command has ended, as it was asked to
"""

from __future__ import annotations

import hashlib
import os
import select
import time
import warnings
from contextlib import suppress
from enum import Enum
from typing import Any

from . import project
from .database import words
from .failure import say
from .lock import FAILED, INTAKE, INTAKE_NAME, OF_KEY
from .settings import number

INTERVAL_SECONDS = 1.0


def run(since: str) -> int:
    """Serves until standard input ends.

    :param since: fingerprint of the migrations under which the command last ran, where it waits; else empty
    """
    project.use_settings()
    # Django warns of queries before the applications are loaded, which they are not here.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"django\.db\.backends\.utils")
    Intake(since).serve()
    return 0


class Phase(Enum):
    """Where the worker's command is, as far as this process knows."""

    STARTING = "nobody was asked yet"
    RUNNING = "it may run"
    ENDING = "it was told to end"
    RESTING = "it has ended, or has not begun"


class Intake:
    """What a worker's supervisor is told, second by second."""

    def __init__(self, since: str) -> None:
        self._connection: Any = None
        self._phase = Phase.RESTING if since else Phase.STARTING
        self._locked = False
        # Of the migrations under which the command ran last.
        self._fingerprint = since
        self._migrator_failed = False
        self._free_since: float | None = None
        self._told = ""

    def serve(self) -> None:
        """Looks once a second at who wants the lock, until the supervisor is gone."""
        while True:
            try:
                self._look()
                self._told = ""
            except Exception as error:
                self._do_without_database(words(error))
            go = self._phase is Phase.RUNNING
            os.write(1, f"go {self._fingerprint}\n".encode() if go else b"wait\n")
            said = self._read(INTERVAL_SECONDS)
            if said is None:
                return
            if "ended" in said:
                self._phase = Phase.RESTING

    def _look(self) -> None:
        if self._connection is None:
            self._connect()
        if self._connection.vendor != "postgresql":
            self._phase = Phase.RUNNING
        elif self._phase is Phase.RESTING:
            self._rest()
        elif not self._lock():
            if self._phase is Phase.STARTING:
                say("a migrator is at work: the command starts when it has ended")
                self._phase = Phase.RESTING
            else:
                self._end()
            self._fingerprint = self._fingerprint or self._migrations()
        elif self._wanted():
            # Nothing can have been migrated yet: the lock is held.
            self._fingerprint = self._migrations()
            self._end()
        else:
            # Where it was told to end, the migrator gave up before it had.
            self._phase = Phase.RUNNING
            self._fingerprint = self._fingerprint or self._migrations()

    def _end(self) -> None:
        if self._phase is not Phase.ENDING:
            say("a migrator waits: the command is told to stop, and starts again after the migration")
        self._phase = Phase.ENDING

    def _rest(self) -> None:
        if self._locked:
            self._ask("SELECT pg_advisory_unlock_shared(%s)", INTAKE)
            self._locked = False
        self._migrator_failed = self._migrator_failed or self._ask(f"SELECT EXISTS ({_LOCKS})", FAILED)
        if self._wanted():
            self._free_since = None
            return
        reason = self._reason_to_go_on()
        if reason and self._lock():
            say(f"{reason}: the command starts again")
            self._phase = Phase.RUNNING
            self._fingerprint = self._migrations()
            self._migrator_failed, self._free_since = False, None

    def _reason_to_go_on(self) -> str:
        """Why the command may start again although no new release came in its place; empty where it may not."""
        now = time.monotonic()
        if self._free_since is None:
            self._free_since = now
        if self._migrator_failed:
            return "the migration failed"
        if self._migrations() == self._fingerprint:
            return "the migrator has gone and nothing was migrated"
        limit = number("INTAKE_RESUME_SECONDS", 300)
        if now - self._free_since >= limit:
            return f"the schema was migrated, and no new release took this one's place in {limit:g} s"
        return ""

    def _lock(self) -> bool:
        """Whether this process holds the lock, which it takes unless a migrator has it or waits for it."""
        if not self._locked:
            self._locked = self._ask("SELECT pg_try_advisory_lock_shared(%s)", INTAKE)
        return self._locked

    def _read(self, seconds: float) -> str | None:
        """What the supervisor said in that time, if anything; None when it is gone."""
        ready, _, _ = select.select([0], [], [], seconds)
        if not ready:
            return ""
        return os.read(0, 1024).decode() or None

    def _do_without_database(self, found: str) -> None:
        self._locked = False
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None
        if self._phase is Phase.STARTING:
            self._phase = Phase.RUNNING
        if found != self._told:
            say(f"migrators are not looked out for while the database is away: {found}")
            self._told = found

    def _connect(self) -> None:
        from django.db import connections

        connection = connections.create_connection("default")
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('application_name', %s, false)", [INTAKE_NAME])
        self._connection = connection

    def _wanted(self) -> bool:
        """Whether a migrator holds the lock or waits for it."""
        return self._ask(f"SELECT EXISTS ({_LOCKS} AND l.mode = 'ExclusiveLock')", INTAKE)

    def _migrations(self) -> str:
        if self._connection.vendor != "postgresql":
            return "none"
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
            names = "\n".join(row[0] for row in cursor.fetchall())
        return hashlib.sha256(names.encode()).hexdigest()[:16]

    def _ask(self, sql: str, key: int) -> bool:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, [key])
            return bool(cursor.fetchone()[0])

    def _tell(self, line: str) -> None:
        os.write(1, f"{line}\n".encode())


_LOCKS = f"SELECT 1 FROM pg_locks l WHERE {OF_KEY}"
