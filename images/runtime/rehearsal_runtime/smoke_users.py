"""What somebody meets who has an account and no rights of the staff: partners, members, customers."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from .smoke_operation import Operation, Perform, Refused, note_made_up
from .smoke_requests import client_for, fetch_with, post_record, shape

#: After that nothing further is asked for or sent.
SECONDS = 30
#: How the operations of this file end.
AS_USER = "as a user"


def use_as_user(paths: Iterable[str], records: dict[str, dict[str, Any]], perform: Perform) -> None:
    """Asks for pages, and sends to each list of an API a record like the first one that is there.

    :param paths: that answer visitors
    :param records: by the path of their list. It fails where users are not let in, or the server fails: whether it takes a
        second record like the first one is the project's own matter.
    """
    deadline = time.monotonic() + SECONDS
    for path in paths:
        if time.monotonic() < deadline:
            perform(Operation(f"GET {shape(path)} {AS_USER}", partial(_ask, path)))
    for path, record in {urlsplit(path).path: record for path, record in records.items()}.items():
        if time.monotonic() < deadline:
            perform(Operation(f"POST {shape(path)} {AS_USER}", partial(_send, path, record)))


def _ask(path: str) -> Any:
    note_made_up()
    return fetch_with(client_for(_user()), path)


def _send(path: str, record: dict[str, Any]) -> None:
    note_made_up()
    status = post_record(client_for(_user()), path, record).status_code
    if status in (401, 403) or status >= 500:
        raise Refused(f"status {status}")


def _user() -> Any:
    from django.contrib.auth import get_user_model

    from .smoke_rows import insert, user_rights

    model = get_user_model()
    return insert(model, given=user_rights(model, superuser=False))
