"""One run of one migration in a forked process, which ends itself where it is told to."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .database import words
from .limits import lock_retries, sql_text
from .sql_text import is_bookkeeping, is_record, is_write

_IDLE = 0


@dataclass
class Outcome:
    """How a forked migrator ended."""

    #: Of the server process that it used; 0 where it got none.
    process: int = 0
    #: Statements that were executed.
    statements: int = 0
    #: Whether it was killed rather than that it came to its end.
    killed: bool = False
    #: Whether rows that it wrote were committed before its end.
    wrote: bool = False
    error: str | None = None


def run_migration(executor: Any, state: Any, migration: Any, kill_after: Callable[[int, bool], bool] | None) -> Outcome:
    """Runs the migration in a forked process and returns how that ended.

    ``kill_after`` is asked after each statement, with how many were executed and False; and with True when all were and
    the migration is about to be recorded. Where it says so the process is killed (SIGKILL) at that moment. The calling
    process must have no open database connection.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            code = _run(executor, state, migration, kill_after, writing)
        finally:
            # Nothing of what the parent wants to do when it exits is the child's.
            os._exit(code)
    os.close(writing)
    outcome = Outcome()
    with os.fdopen(reading, encoding="utf-8") as lines:
        for line in lines:
            for name, value in json.loads(line).items():
                setattr(outcome, name, value)
    _, status = os.waitpid(child, 0)
    outcome.killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not outcome.killed and status != 0 and outcome.error is None:
        outcome.error = f"the forked process ended with status {status}"
    return outcome


def _run(
    executor: Any, state: Any, migration: Any, kill_after: Callable[[int, bool], bool] | None, writing: int
) -> int:
    connection = executor.connection
    told = _Told(connection, kill_after, writing)
    commit = connection.commit

    def committing() -> None:
        commit()
        told.committed()

    connection.commit = committing
    try:
        with lock_retries(lambda _retry: None), connection.execute_wrapper(told.execute):
            executor.progress_callback = None
            executor.apply_migration(state, migration)
    except Exception as error:
        told.say(error=f"{error.__class__.__name__}: {words(error)}")
        return 1
    return 0


class _Told:
    """Tells the parent what it must know before each moment at which this process may be killed."""

    def __init__(self, connection: Any, kill_after: Callable[[int, bool], bool] | None, writing: int) -> None:
        self._connection = connection
        self._kill_after = kill_after
        self._writing = writing
        self._count = 0
        self._process = 0
        self._wrote = False

    def say(self, **facts: Any) -> None:
        os.write(self._writing, (json.dumps(facts) + "\n").encode())

    def execute(
        self, execute: Callable[..., Any], sql: object, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        process = self._connection.connection.info.backend_pid
        if process != self._process:
            self._process = process
            self.say(process=process)
        text = sql_text(sql, self._connection)
        if is_record(text):
            self._end_where_told(True)
        result = execute(sql, params, many, context)
        if is_bookkeeping(text):
            return result
        self._count += 1
        self.say(statements=self._count)
        if is_write(text) and context["cursor"].rowcount != 0:
            self._wrote = True
            if self._connection.connection.info.transaction_status == _IDLE:
                self.committed()
        self._end_where_told(False)
        return result

    def committed(self) -> None:
        if self._wrote:
            self.say(wrote=True)

    def _end_where_told(self, all_done: bool) -> None:
        if self._kill_after is not None and self._kill_after(self._count, all_done):
            os.kill(os.getpid(), signal.SIGKILL)
