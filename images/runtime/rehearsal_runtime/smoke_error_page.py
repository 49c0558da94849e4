"""The page that stands for an error, while the database is what is at fault: it must not need it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NoReturn

from .smoke_operation import Operation, Perform
from .smoke_requests import client_of

AWAY = "the database is away, as this rehearsal has it"


def show_error_page(path: str, perform: Perform) -> None:
    """Asks for a page as a visitor while no statement reaches a database. It fails where there is no answer at all, be it
    one that says so."""
    perform(Operation("GET the page for errors", partial(_show, path)))


def _show(path: str) -> None:
    client = client_of()
    client.raise_request_exception = False
    with _without_database():
        client.get(path, secure=True)


@contextmanager
def _without_database() -> Iterator[None]:
    from django.db import OperationalError, connections

    def refuse(*_: Any) -> NoReturn:
        raise OperationalError(AWAY)

    with ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(refuse))
        yield
