"""What no link leads to: records that programs send to an API, and all rows of an administration's list chosen at once."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from functools import partial
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from . import smoke_storage
from .smoke_forms import refusals, shown_again
from .smoke_operation import Operation, Perform, Refused, note_made_up
from .smoke_pages import records_of
from .smoke_pictures import Picture, is_for_pictures, of_rows_that_are, pictures_for
from .smoke_requests import administrations, change_link, client_of, content_of, post_record, shape

#: After that nothing further is sent.
SECONDS = 60
_CHOICE = re.compile(r'<input\b(?=[^>]*\bname="_selected_action")[^>]*\bvalue="([^"]*)"')


def first_record(response: Any) -> dict[str, Any] | None:
    """The first record of a list that an API answers, or one without fields of an empty list; None for all other answers."""
    if not response.headers.get("Content-Type", "").partition(";")[0].strip().endswith("json"):
        return None
    try:
        value = json.loads(content_of(response))
    except ValueError:
        return None
    records = records_of(value)
    if records == [] and (value == [] or "results" in value):
        return {}
    return records[0] if records and isinstance(records[0], dict) else None


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
    """Chooses all rows that each list of an administration shows, and no action: the form is as large as editors send it,
    with all that can be edited in the list itself.

    An action would do more than a rehearsal may wait for: the question whether to delete counts all that would go along.
    """
    deadline = time.monotonic() + SECONDS
    for _, lists in administrations():
        for path in lists:
            if time.monotonic() < deadline:
                perform(Operation(f"POST {path} with all rows chosen", partial(_choose, path)))


def save_unchanged(perform: Perform) -> None:
    """Opens the first row of each list of an administration and saves it as it is, as editors do who look something up; and
    with a picture of each kind where it has inputs for pictures.

    It fails where the form is not taken: its row breaks a rule of today's, or cannot be saved by the way that editors take.
    """
    deadline = time.monotonic() + SECONDS
    for _, lists in administrations():
        for path in lists:
            name = f"POST {path}<id>/change/"
            if time.monotonic() > deadline:
                return
            saved = perform(Operation(f"{name} unchanged", partial(_save, path)))
            # A form that is not even taken as it is says nothing of pictures.
            for picture in pictures_for(saved.result):
                if time.monotonic() < deadline:
                    perform(Operation(f"{name} with {picture.called}", partial(_save, path, picture)))


def _save(path: str, picture: Picture | None = None) -> dict[str, str]:
    """Inputs for pictures of the form that was taken, with what they accept."""
    client = client_of(as_superuser=True)
    shown = client.get(path, secure=True)
    link = change_link(path, shown) if shown.status_code == 200 else None
    if link is None:
        return {}
    page = client.get(link, secure=True)
    form = _form_with("_save", content_of(page)) if page.status_code == 200 else None
    # Without a button to save there is nothing to be saved: the rows are to be looked at alone.
    if form is None:
        return {}
    inputs = of_rows_that_are(form.pictures, form.values)
    files = picture.as_files(inputs) if picture else {}
    with smoke_storage.forgotten(), refusals() as refused:
        response = client.post(link, {**form.values, "_save": ["1"], **files}, secure=True)
    if response.status_code >= 400:
        raise Refused(f"status {response.status_code}")
    if response.status_code == 200:
        raise Refused(shown_again(refused))
    return inputs


def form_values(html: str, button: str) -> dict[str, list[str]] | None:
    """What a browser sends of the form that has a button of that name; None where there is none."""
    form = _form_with(button, html)
    return None if form is None else form.values | {button: ["1"]}


def _form_with(button: str, html: str) -> ShownForm | None:
    return next((form for form in shown_forms(html) if button in form.buttons), None)


def shown_forms(html: str) -> list[ShownForm]:
    """The forms of a page."""
    parser = _Values()
    parser.feed(html)
    parser.close()
    return parser.forms


@dataclass
class ShownForm:
    """A form with what a browser sends of it."""

    method: str
    action: str
    values: dict[str, list[str]] = field(default_factory=dict)
    #: Names of its buttons.
    buttons: set[str] = field(default_factory=set)
    #: Names of its inputs for days.
    days: list[str] = field(default_factory=list)
    #: Its inputs for pictures, with what they accept.
    pictures: dict[str, str] = field(default_factory=dict)


class _Values(HTMLParser):
    """Forms with their present values."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[ShownForm] = []
        self._select: tuple[str, bool] | None = None
        self._text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(ShownForm(given.get("method", "get").lower(), given.get("action", "")))
        if not self.forms:
            return
        form = self.forms[-1]
        values = form.values
        name, kind = given.get("name", ""), given.get("type", "text").lower()
        if tag == "option" and self._select is not None:
            self._option(values, given)
        elif not name or "disabled" in given:
            return
        elif tag == "select":
            self._select = (name, "multiple" in given)
        elif tag == "textarea":
            self._text = name
            values.setdefault(name, []).append("")
        elif tag in ("input", "button") and kind in ("submit", "image", "button"):
            form.buttons.add(name)
        elif tag == "input" and kind == "file":
            if is_for_pictures(given.get("accept", "")):
                form.pictures[name] = given["accept"]
        elif tag == "input" and kind != "reset" and (kind not in ("checkbox", "radio") or "checked" in given):
            values.setdefault(name, []).append(given.get("value", "on" if kind == "checkbox" else ""))
            if kind == "date":
                form.days.append(name)

    def _option(self, values: dict[str, list[str]], given: dict[str, str]) -> None:
        name, several = self._select or ("", False)
        if "selected" in given:
            values[name] = [*(values.get(name, []) if several else []), given.get("value", "")]
        elif not several and name not in values:
            # A browser shows the first where none is chosen.
            values[name] = [given.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        elif tag == "textarea":
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None and self.forms:
            self.forms[-1].values[self._text][-1] += data


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
    page = client.get(path, secure=True)
    rows = chosen_rows(page)
    if not rows:
        return
    form = form_values(content_of(page), "index") or {}
    sent = {**form, "action": "", "index": "0", "_selected_action": rows}
    response = client.post(path, sent, secure=True)
    if response.status_code < 400:
        return
    from django.conf import settings

    fields = sum(len(values) if isinstance(values, list) else 1 for values in sent.values())
    limit = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    many = "" if limit is None or fields <= limit else f": the form has {fields} fields, and DATA_UPLOAD_MAX_NUMBER_FIELDS is {limit}"
    raise Refused(f"status {response.status_code} for {len(rows)} rows{many}")
