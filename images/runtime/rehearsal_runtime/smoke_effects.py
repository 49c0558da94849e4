"""What saving shows: pages that say something else once an editor or a job has changed a row."""

from __future__ import annotations

import datetime
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from html.parser import HTMLParser
from typing import Any

from .smoke_answers import PAGE, kind_of
from .smoke_clients import chosen_rows
from .smoke_models import choices
from .smoke_rows import first, insert, models
from .smoke_operation import Operation, Refused, perform
from .smoke_requests import administrations, client_of, content_of, fetch

#: After that nothing further is changed.
SECONDS = 25
#: It asks before it deletes, and counts all that would go along.
_DELETES = "delete_selected"
_ACTION = re.compile(r'<select\b[^>]*\bname="action".*?</select>', re.DOTALL)
_OPTION = re.compile(r'<option\b[^>]*\bvalue="([^"]+)"')
_SILENT = {"script", "style", "template"}


def effects(asked: dict[str, Operation], forget: Callable[[], None]) -> Iterator[dict[str, Any]]:
    """What each page says, as a digest, and which say something else after each way to change rows: an action of an
    administration on the rows that its list shows, a value that a model names for a field, a row that comes, one that goes.
    All is undone.

    :param asked: what visitors ask for, by its path
    :param forget: empties caches: what is shown later is not what is looked for
    """
    deadline = time.monotonic() + SECONDS
    before, again = _texts(asked, forget), _texts(asked, forget)
    # What is another each time tells nothing.
    steady = {path: text for path, text in before.items() if again.get(path) == text}
    for path, text in steady.items():
        yield {"event": "page", "path": path, "text": text}
    shown = set().union(*(operation.identifiers for operation in asked.values()))
    concerned = [model for model in models() if model._meta.db_table in shown]
    for operation in (*_actions(), *(change for model in concerned for change in _changes(model))):
        if time.monotonic() > deadline or not steady:
            return

        # No other page can tell of that table. What an action changes nobody knows beforehand.
        reading = [path for path in steady if operation.table is None or operation.table in asked[path].identifiers]

        def change(operation: Operation = operation, reading: list[str] = reading) -> list[str]:
            operation.run()
            after = _texts(reading, forget)
            return [path for path in reading if path in after and after[path] != steady[path]]

        outcome = perform(Operation(operation.name, change))
        # What fails shows nothing; what it is to be held against is whether it did before.
        told = {"pages": outcome.result} if outcome.error is None else {"pages": [], "error": outcome.error}
        yield {"event": "effect", "operation": operation.name, **told}


def _changes(model: Any) -> list[Operation]:
    """What editors and jobs do to rows, without what only databases mind."""

    def come() -> None:
        newest = first(model, "-pk")
        # A day later, so that it is the newest of all wherever they are in order of their days.
        later = {} if newest is None else {
            field.attname: value + datetime.timedelta(days=1)
            for field in model._meta.local_concrete_fields
            if isinstance(value := getattr(newest, field.attname), datetime.date)
        }
        insert(model, given=later, like=newest)

    def go() -> None:
        if (newest := first(model, "-pk")) is not None:
            newest.delete()

    label, table = model._meta.label, model._meta.db_table
    return [
        Operation(f"INSERT {label}, a day later", come, table),
        Operation(f"DELETE {label}, the newest", go, table),
        *choices(model),
    ]


def _texts(paths: Iterable[str], forget: Callable[[], None]) -> dict[str, str]:
    """What each page says, as its kind (``page`` for people, ``data`` for programs), a colon and a digest; pages that fail are
    left out.
    """
    from django.db import transaction

    forget()
    texts: dict[str, str] = {}
    for path in paths:
        try:
            with transaction.atomic(using="default"):
                response = fetch(path)
            kind = "page" if kind_of(response) == PAGE else "data"
            texts[path] = f"{kind}:{hashlib.sha256(_said(response).encode()).hexdigest()}"
        except Exception:
            continue
    return texts


def _said(response: Any) -> str:
    if kind_of(response) != PAGE:
        return content_of(response)
    parser = _Words()
    parser.feed(content_of(response))
    parser.close()
    return "\n".join(parser.words)


def _actions() -> Iterator[Operation]:
    for _, lists in administrations():
        for path in lists:
            for action in _names(path):
                yield Operation(f"POST {path} {action}", partial(_act, path, action))


def _names(path: str) -> list[str]:
    names: list[str] = []

    def look() -> None:
        page = client_of(as_superuser=True).get(path, secure=True)
        menu = _ACTION.search(content_of(page)) if page.status_code == 200 else None
        names.extend(_OPTION.findall(menu.group(0)) if menu else [])

    perform(Operation(f"GET {path}", look))
    return [name for name in dict.fromkeys(names) if name != _DELETES]


def _act(path: str, action: str) -> None:
    client = client_of(as_superuser=True)
    rows = chosen_rows(client.get(path, secure=True))
    response = client.post(path, {"action": action, "index": "0", "_selected_action": rows}, secure=True)
    if response.status_code >= 400:
        raise Refused(f"status {response.status_code}")


class _Words(HTMLParser):
    """The text of a page that people read."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in _SILENT

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.words.append(data.strip())
