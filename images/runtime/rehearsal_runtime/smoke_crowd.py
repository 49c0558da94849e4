"""Many people behind the one address of the gateway: a limit or a lock that takes them for one holds all of them up."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from .smoke_operation import Operation, Perform, Refused, note_made_up
from .smoke_requests import administrations, client_for, client_of, content_of, shape

#: More than a limit for one person lets through within a minute, as far as such limits are known.
PEOPLE = 130
#: That a few mistype.
MISTYPED = 10
#: Where the gateway is, as the application sees it.
GATEWAY = "10.0.0.2"
PASSWORD = "made up for a rehearsal"


def be_many(paths: Iterable[str], perform: Perform) -> None:
    """Has many people ask for one page each, and some mistype their password before another one logs in."""
    path = next(iter(paths), None)
    if path is not None:
        perform(Operation(f"GET {shape(path)} by {PEOPLE} people", partial(_ask, path)))
    for index, _ in administrations():
        perform(Operation(f"POST {index}login/ after {MISTYPED} mistyped passwords", partial(_log_in, index)))
        return


def _of(person: int) -> dict[str, str]:
    """How the gateway hands on what a person asks (RFC 2544 has these addresses for tests)."""
    return {"REMOTE_ADDR": GATEWAY, "HTTP_X_FORWARDED_FOR": f"198.18.{person // 250}.{person % 250 + 1}"}


def _ask(path: str) -> None:
    for person in range(PEOPLE):
        status = client_of().get(path, secure=True, **_of(person)).status_code
        if status == 429:
            raise Refused(f"after {person} people with one request each the next one is told 429: they are not told apart")
        if status >= 400:
            # What that path has against visitors is told elsewhere.
            return


def _log_in(index: str) -> None:
    from django.contrib.auth import get_user_model
    from django.test.utils import override_settings

    from .smoke_rows import insert, user_rights

    note_made_up()
    # A hash that is meant to take long would take as long as all else together.
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        model = get_user_model()
        user = insert(model, given=user_rights(model, superuser=True))
        user.set_password(PASSWORD)
        user.save()
        if _status(index, user.get_username(), PASSWORD, 0) != 302:
            # Nobody logs in in this way here.
            return
        for person in range(1, MISTYPED + 1):
            with suppress(Exception):
                _status(index, f"somebody-{person}", "mistyped", person)
        status = _status(index, user.get_username(), PASSWORD, MISTYPED + 1)
        if status != 302:
            raise Refused(f"status {status} for the right password: they are not told apart, and all are locked out")


def _status(index: str, name: str, password: str, person: int) -> int:
    data = {"username": name, "password": password}
    return int(client_for(None).post(f"{index}login/", data, secure=True, **_of(person)).status_code)
