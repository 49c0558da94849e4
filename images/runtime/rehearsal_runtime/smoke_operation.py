"""One thing that a project's code does on a database: timed, its error told in one line, and all of it undone."""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import smoke_outside
from .failure import say
from .limits import sql_text
from .smoke_memory import Peak

RUNTIME = str(Path(__file__).resolve().parent.parent)
LONGEST_ERROR = 600

_IDENTIFIER = re.compile(r'"([^"]+)"')
# Where in the statement the server found fault says nothing that its message does not.
_POSITION = re.compile(r"^(?:LINE \d+:|\s*\^\s*$)")


class Refused(Exception):
    """An answer that is no success although nothing was raised. Its text is the whole error."""


@dataclass
class Operation:
    """What is done under one name; ``run`` returns what later operations are found by."""

    name: str
    run: Callable[[], Any]
    table: str | None = None
    #: Identifiers in the SQL of its last run, tables among them.
    identifiers: set[str] = field(default_factory=set)
    #: SQL statements of its last run.
    statements: int = 0
    #: What its last run would have logged.
    records: int = 0
    #: Servers outside that its last run asked, and for how many seconds it would wait; None without a limit.
    outside: dict[str, float | None] = field(default_factory=dict)
    #: What it found to be offered to whom it asked for; None where it does not look for that.
    offers: list[str] | None = None
    #: Columns that a row has others values in once it is saved as it is; None where that is not looked at.
    touched: list[str] | None = None
    #: Bytes of memory that its last run took at its peak, 0 for few; None where nobody counts.
    memory: int | None = None


@dataclass(frozen=True)
class Outcome:
    operation: Operation
    #: Seconds since the epoch.
    at: float
    seconds: float
    #: None where it succeeded.
    error: str | None
    result: Any
    #: Whether it worked with a row that was made up, since there was none.
    made_up: bool = False

    def event(self) -> dict[str, Any]:
        table = {"table": self.operation.table} if self.operation.table else {}
        made_up = {"madeUp": True} if self.made_up else {}
        seconds = round(self.seconds, 4)
        done = {"seconds": seconds, "statements": self.operation.statements, "records": self.operation.records}
        outside = {"outside": self.operation.outside} if self.operation.outside else {}
        offers = {"offers": self.operation.offers} if self.operation.offers is not None else {}
        memory = {} if self.operation.memory is None else {"memory": self.operation.memory}
        told = {"event": "operation", "operation": self.operation.name, **table, **made_up, **done}
        touched = {"touched": self.operation.touched} if self.operation.touched is not None else {}
        return {**told, **outside, **offers, **touched, **memory}


Perform = Callable[[Operation], Outcome]
_noted = threading.local()


def note_made_up() -> None:
    """Notes that the operation under way in this thread works with a row that is made up."""
    _noted.made_up = True


def count_records() -> None:
    """Has what is logged counted in place of written, as far as the project's levels let it through."""

    def handle(logger: logging.Logger, record: logging.LogRecord) -> None:
        _noted.records = getattr(_noted, "records", 0) + 1

    logging.Logger.handle = handle  # type: ignore[method-assign]


def perform(operation: Operation) -> Outcome:
    """Runs an operation and undoes what it did to any database. Its failure is in the outcome and raises nothing."""
    # Threads of the traffic are at work side by side: what one of them takes cannot be told.
    peak = Peak() if threading.current_thread() is threading.main_thread() else None
    at, began = time.time(), time.monotonic()
    error, result = None, None
    operation.identifiers, operation.statements = set(), 0
    _noted.made_up, _noted.records = False, 0
    operation.outside = smoke_outside.forget()
    try:
        with undone(), _statements_noted(operation):
            result = operation.run()
            if operation.table is not None:
                _check_what_is_deferred()
    except Exception as failure:
        error = words_of(failure)
    seconds = time.monotonic() - began
    operation.records = _noted.records
    operation.memory = peak.beyond() if peak else None
    if error is not None:
        drop_broken_connections()
    return Outcome(operation, at, seconds, error, result, _noted.made_up)


@contextmanager
def undone() -> Iterator[None]:
    """A transaction on each database that answers, rolled back at the end."""
    from django.db import transaction

    with ExitStack() as stack:
        for alias in _reachable_aliases():
            atomic = transaction.atomic(using=alias)
            # As in Django's own TestCase: code that insists on the outermost transaction does not mind this one.
            atomic._from_testcase = True
            stack.enter_context(atomic)
            stack.callback(_roll_back, alias)
        yield


def words_of(error: BaseException) -> str:
    """``Class: message | file:line`` on one line, the place being the project's own code where it was on the way."""
    if isinstance(error, Refused):
        return str(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not _POSITION.match(line)]
    text = f"{error.__class__.__name__}: {'; '.join(lines)}" if lines else error.__class__.__name__
    place = _project_frame(error)
    return text[:LONGEST_ERROR] + (f" | {place}" if place else "")


def _check_what_is_deferred() -> None:
    """Has constraints say now what they would at the end of the transaction, which never comes."""
    from django.db import connections

    connection = connections["default"]
    if connection.vendor == "postgresql" and connection.connection is not None and not connection.needs_rollback:
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


def _roll_back(alias: str) -> None:
    from django.db import connections

    connection = connections[alias]
    if connection.in_atomic_block:
        connection.set_rollback(True)


def _reachable_aliases() -> list[str]:
    from django.db import connections

    reachable = ["default"]
    for alias in connections:
        if alias == "default":
            continue
        connection = connections[alias]
        if connection.connection is not None:
            reachable.append(alias)
        elif not getattr(connection, "_smoke_unreachable", False):
            try:
                connection.ensure_connection()
                reachable.append(alias)
            except Exception as error:
                # Whoever uses it is told so; the others do without.
                connection._smoke_unreachable = True
                say(f"the database {alias} does not answer: {error.__class__.__name__}")
    return reachable


@contextmanager
def _statements_noted(operation: Operation) -> Iterator[None]:
    from django.db import connections

    def note(execute: Callable[..., Any], sql: object, params: Any, many: bool, context: dict[str, Any]) -> Any:
        operation.statements += 1
        operation.identifiers.update(_IDENTIFIER.findall(sql_text(sql, context["connection"])))
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(note))
        yield


def drop_broken_connections() -> None:
    """Has this thread connect anew where the server ended a connection."""
    from django.db import connections

    for connection in connections.all():
        try:
            if not connection.in_atomic_block and connection.connection is not None and not connection.is_usable():
                connection.close()
        except Exception:
            connection.connection = None


def _project_frame(error: BaseException) -> str | None:
    project = Path.cwd()
    outside = (RUNTIME, sys.prefix, sys.base_prefix)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if not file.is_relative_to(project):
            continue
        inner = file.relative_to(project).parts
        if "site-packages" in inner or any(str(project) != root and file.is_relative_to(root) for root in outside):
            continue
        return f"{file.relative_to(project)}:{frame.lineno}"
    return None
