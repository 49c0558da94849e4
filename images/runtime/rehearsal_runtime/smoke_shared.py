"""Answers that are made for one user and given to the next: kept by their address alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from .smoke_operation import Operation, Perform, Refused, note_made_up
from .smoke_requests import client_for, fetch_with, shape

#: After that nothing further is asked for.
SECONDS = 30
#: Keys that stand for nothing else by chance; most columns of integers take them.
_KEYS = (1_987_654_301, 1_987_654_303)


def ask_one_after_another(paths: Iterable[str], forget: Callable[[], None], perform: Perform) -> None:
    """Asks for each path as one user and then as another, in one process whose caches are kept in between.

    It fails where rows are looked up by who asks for the one, and are not for the other: the other is given the first one's.
    """
    deadline = time.monotonic() + SECONDS
    for path in paths:
        if time.monotonic() < deadline:
            perform(Operation(f"GET {shape(path)} as one user after another", partial(_ask, path, forget)))


def _ask(path: str, forget: Callable[[], None]) -> None:
    note_made_up()
    forget()
    one, other = (_user(key) for key in _KEYS)
    if one is None or other is None or not _looks_up_by(one, path):
        return
    if not _looks_up_by(other, path):
        forget()
        # Not for every user may it be necessary to look.
        if _looks_up_by(other, path):
            raise Refused(
                "what it answers depends on who asks, and another user is given the answer that was made for the one before: "
                "it is kept by its address alone"
            )


def _looks_up_by(user: Any, path: str) -> bool:
    """Whether the key of a user is among the values of a statement, other than to find out who that is."""
    client = client_for(user)
    with _values_noted() as values:
        fetch_with(client, path)
    return user.pk in values


@contextmanager
def _values_noted() -> Iterator[set[Any]]:
    from django.contrib.auth import get_user_model
    from django.db import connections

    own = [f'"{get_user_model()._meta.db_table}"', '"django_session"', '"auth_', '"authtoken_']
    values: set[Any] = set()

    def note(execute: Callable[..., Any], sql: object, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if isinstance(params, (list, tuple)) and not many and not _is_of(str(sql), own):
            values.update(value for value in params if isinstance(value, (int, str)))
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(note))
        yield values


def _is_of(sql: str, tables: list[str]) -> bool:
    beginning = sql.partition(" FROM ")[2].lstrip()
    return beginning.startswith(tuple(tables))


def _user(key: int) -> Any:
    from django.contrib.auth import get_user_model
    from django.db import models

    from .smoke_rows import insert, user_rights

    model = get_user_model()
    if not isinstance(model._meta.pk, (models.AutoField, models.IntegerField)):
        return insert(model, given=user_rights(model, superuser=False))
    # Small ones are.
    if isinstance(model._meta.pk, (models.SmallAutoField, models.SmallIntegerField)):
        return None
    return insert(model, given={**user_rights(model, superuser=False), model._meta.pk.attname: key})
