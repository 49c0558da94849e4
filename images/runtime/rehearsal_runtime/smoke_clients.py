"""What no link leads to: records that programs send to an API, and all rows of an administration's list chosen at once."""

from __future__ import annotations

import json
import re
import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from .smoke_operation import Operation, Perform, Refused, note_made_up
from .smoke_requests import administrations, client_of, content_of, post_record, shape

#: After that nothing further is sent.
SECONDS = 60
_CHOICE = re.compile(r'<input\b(?=[^>]*\bname="_selected_action")[^>]*\bvalue="([^"]*)"')


def first_record(response: Any) -> dict[str, Any] | None:
    """The first record of a list that an API answers; None for all other answers."""
    if not response.headers.get("Content-Type", "").partition(";")[0].strip().endswith("json"):
        return None
    try:
        value = json.loads(content_of(response))
    except ValueError:
        return None
    # Some name the list results, others data or items, beside counts and links.
    lists = value.values() if isinstance(value, dict) else [value]
    return next((rows[0] for rows in lists if isinstance(rows, list) and rows and isinstance(rows[0], dict)), None)


def send_records(records: dict[str, dict[str, Any]], perform: Perform) -> None:
    """Sends to each list of an API, by its path, a record like the first one that is there: without a login, as anybody can.

    It fails where the record is taken, which a project may mean, and where the code does not know what to do with a stranger.
    """
    deadline = time.monotonic() + SECONDS
    paths = {urlsplit(path).path: record for path, record in records.items()}
    for path, record in paths.items():
        if time.monotonic() < deadline:
            perform(Operation(f"POST {shape(path)} by a stranger", partial(_send, path, record)))


def choose_all(perform: Perform) -> None:
    """Chooses all rows that each list of an administration shows, and no action: the form is as large as editors send it.

    An action would do more than a rehearsal may wait for: the question whether to delete counts all that would go along.
    """
    deadline = time.monotonic() + SECONDS
    for _, lists in administrations():
        for path in lists:
            if time.monotonic() < deadline:
                perform(Operation(f"POST {path} with all rows chosen", partial(_choose, path)))


def chosen_rows(page: Any) -> list[str]:
    """Keys of the rows that a list of an administration shows."""
    return _CHOICE.findall(content_of(page)) if page.status_code == 200 else []


def _send(path: str, record: dict[str, Any]) -> None:
    # One like it is there: a project need not know what to do with a second.
    note_made_up()
    response = post_record(client_of(), path, record)
    if 200 <= response.status_code < 300:
        raise Refused("a record is taken from whoever sends it, without a login")
    if response.status_code >= 500:
        raise Refused(f"status {response.status_code}")


def _choose(path: str) -> None:
    client = client_of(as_superuser=True)
    rows = chosen_rows(client.get(path, secure=True))
    if not rows:
        return
    response = client.post(path, {"action": "", "index": "0", "_selected_action": rows}, secure=True)
    if response.status_code >= 400:
        raise Refused(f"status {response.status_code} for {len(rows)} rows")
