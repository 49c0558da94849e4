"""What somebody meets who has an account and no rights of the staff: partners, members, customers."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from .smoke_operation import Operation, Perform, Refused, note_made_up
from .smoke_requests import client_for, fetch_with, is_page, post_record, shape

#: After that nothing further is asked for or sent.
SECONDS = 30
#: How the operations of this file end.
AS_USER = "as a user"
#: Of a record, so many values are tried as what it is known by, none of them longer than that.
_VALUES, _LONGEST = 12, 64


def use_as_user(paths: Iterable[str], records: dict[str, dict[str, Any]], perform: Perform) -> None:
    """Asks for pages, sends to each list of an API a record like the first one that is there, and changes and removes that one,
    which is somebody else's.

    :param paths: that answer visitors
    :param records: by the path of their list. It fails where users are not let in, or the record is not taken: whether a
        second one like the first is, is the project's own matter, as long as it goes on to be.
    """
    deadline = time.monotonic() + SECONDS
    for path in paths:
        if time.monotonic() < deadline:
            perform(Operation(f"GET {shape(path)} {AS_USER}", partial(_ask, path)))
    for path, record in {urlsplit(path).path: record for path, record in records.items()}.items():
        if time.monotonic() < deadline:
            perform(Operation(f"POST {shape(path)} {AS_USER}", partial(_send, path, record)))
        own = perform(Operation(f"GET {shape(path)} for its first record", partial(_path_of, path, record))).result
        for method in ("PATCH", "DELETE") if own and time.monotonic() < deadline else ():
            perform(Operation(f"{method} {shape(own)} {AS_USER}", partial(_change, method, own)))


def _path_of(path: str, record: dict[str, Any]) -> str | None:
    """Where a record of a list stands by itself, as APIs have it: below its list, under one of its own values."""
    end = "/" if path.endswith("/") else ""
    for value in list(record.values())[:_VALUES]:
        if isinstance(value, bool) or not isinstance(value, (str, int)) or not 0 < len(str(value)) <= _LONGEST:
            continue
        own = f"{path.rstrip('/')}/{quote(str(value), safe='')}{end}"
        if is_page(own) and client_for(None).get(own, secure=True).status_code == 200:
            return own
    return None


def _change(method: str, path: str) -> None:
    note_made_up()
    response = client_for(_user()).generic(method, path, "{}", content_type="application/json", secure=True)
    if response.status_code >= 400:
        raise Refused(f"status {response.status_code}")


def _ask(path: str) -> Any:
    note_made_up()
    return fetch_with(client_for(_user()), path)


def _send(path: str, record: dict[str, Any]) -> None:
    note_made_up()
    status = post_record(client_for(_user()), path, record).status_code
    # A list that nobody adds to says so to everybody.
    if status >= 400 and status not in (404, 405):
        raise Refused(f"status {status}")


def _user() -> Any:
    from django.contrib.auth import get_user_model

    from .smoke_rows import insert, user_rights

    model = get_user_model()
    return insert(model, given=user_rights(model, superuser=False))
