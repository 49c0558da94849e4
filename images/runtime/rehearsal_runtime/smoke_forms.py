"""Forms that pages show, sent as a visitor's browser does: empty, and filled in with what their fields ask for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from . import smoke_storage
from .settings import first_host
from .smoke_mail import Mail
from .smoke_operation import Operation, Perform, Refused, undone
from .smoke_patience import answered_in_time, fitting
from .smoke_pictures import Picture, is_for_pictures, pictures_for
from .smoke_requests import content_of, fetch, is_page, shape

LIMIT = 20
#: After that no further form is sent.
SECONDS = 60
TOKEN = "csrfmiddlewaretoken"
SHOWN_AGAIN = "the form is shown again: what is filled in is not taken"
#: How a form is filled in, and what the operation is called.
EMPTY, FILLED, WRITTEN = "empty", "filled in", "as people write"
LONGEST_REFUSAL = 300

_BY_TYPE = {
    "email": "rehearsal@example.org",
    "url": "https://rehearsal.example/",
    "number": "1",
    "range": "1",
    "tel": "+1 206 555 0100",
    "time": "12:00",
    "color": "#336699",
    "month": date.today().isoformat()[:7],
    "date": date.today().isoformat(),
    "datetime-local": f"{date.today().isoformat()}T12:00",
    # As long as what people write: forms refuse a word alone.
    "textarea": "A rehearsal of this release has made up this text, which nobody will ever read.",
}
#: With letters, line ends and marks that people use and those who try a form seldom do.
_WRITTEN = {
    "text": "Łukasz Nguyễn",
    "textarea": "To whom it concerns,\r\nŁukasz Nguyễn wrote {this} with 100 % \"quotes\"; it's what <people> do & nobody expects.",
}
#: An input for a file that is one.
_PICTURE = "picture"
_NOT_SENT = {"submit", "button", "image", "reset"}


@dataclass
class Field:
    """What a form sends under one name."""

    name: str
    kind: str
    value: str = ""
    options: list[str] = field(default_factory=list)
    longest: int | None = None
    #: Kinds of files that are asked for.
    accept: str = ""

    def filled(self, way: str = FILLED) -> str:
        """A value as a visitor gives one, or the one that stands there."""
        if self.kind == "hidden" or (self.value and way != EMPTY):
            return self.value
        if way == EMPTY:
            return ""
        if self.options:
            return next((option for option in self.options if option), "")
        written = _WRITTEN.get(self.kind) if way == WRITTEN else None
        return (written or _BY_TYPE.get(self.kind, "Rehearsal"))[: self.longest]


@dataclass
class Form:
    action: str
    fields: list[Field] = field(default_factory=list)

    def pictures(self) -> dict[str, str]:
        """Inputs for pictures, with what they accept."""
        return {one.name: one.accept for one in self.fields if one.kind == _PICTURE}


def send_forms(paths: list[str], perform: Perform, mail: Mail) -> None:
    """Sends each form of these pages that is sent with POST to the project itself; forms to log in are left out. One with inputs
    for pictures is sent with one of each kind.
    """
    done: set[str] = set()
    deadline = time.monotonic() + SECONDS
    for path in paths:
        if time.monotonic() > deadline:
            return
        shown = perform(Operation(f"GET {shape(path)} for its forms", lambda path=path: _shown(path)))
        for number, form in enumerate(shown.result or []):
            name = f"POST {shape(form.action)}"
            if name in done or len(done) == LIMIT or time.monotonic() > deadline:
                continue
            done.add(name)
            inputs = form.pictures()
            for picture in pictures_for(inputs):
                if time.monotonic() < deadline:
                    perform(Operation(f"{name} with {picture.called}", partial(_send, path, number, FILLED, mail, picture)))
            if inputs:
                continue
            for way in (EMPTY, FILLED, WRITTEN):
                perform(Operation(f"{name} {way}", lambda at=(path, number, way): _send(*at, mail)))
            for place in form.fields:
                if place.kind in ("text", "textarea", "search", "email", "url"):
                    perform(Operation(f"{name} with long {place.name}", partial(_try_patience, path, number, place.name)))


def _shown(path: str) -> list[Form]:
    return _forms(_client().get(path, secure=True), path)


def _try_patience(path: str, number: int, name: str) -> None:
    client = _client()
    form = _forms(client.get(path, secure=True), path)[number]
    data = {one.name: one.filled() for one in form.fields}
    longest = next(one.longest for one in form.fields if one.name == name)
    headers = {"referer": f"https://{first_host()}{path}", "origin": f"https://{first_host()}"}
    for text in fitting(longest):
        send = partial(client.post, form.action, {**data, name: text}, secure=True, headers=headers)
        # What one is stored as must not be in the way of the next.
        with undone():
            if answered_in_time(send, text).status_code >= 500:
                raise Refused(f"status 500 for {len(text)} letters such as {text[:3]!r}")


def _send(path: str, number: int, way: str, mail: Mail, picture: Picture | None = None) -> None:
    client = _client()
    form = _forms(client.get(path, secure=True), path)[number]
    data = {one.name: one.filled(way) for one in form.fields if one.kind != _PICTURE}
    files = picture.as_files(form.pictures()) if picture else {}
    origin = f"https://{first_host()}"
    filled = way != EMPTY
    if filled:
        _be_there_before(path)
    with _created() as rows, smoke_storage.forgotten(), refusals() as refused:
        headers = {"referer": f"{origin}{path}", "origin": origin}
        response = client.post(form.action, {**data, **files}, secure=True, headers=headers)
    mail.check()
    if filled:
        _is_of_nobody_else(rows)
        _shows_nobody_else(path, number, form, data)
    elif rows:
        raise Refused(f"it is taken although nothing is filled in: {', '.join(sorted({row._meta.label for row in rows}))}")
    if response.status_code == 403 and TOKEN not in data:
        raise Refused(f"the form carries no {TOKEN}, and is refused with 403")
    if response.status_code >= 400:
        raise Refused(f"status {response.status_code}")
    if filled and not rows and any(shown.action == form.action for shown in _forms(response, path)):
        raise Refused(shown_again(refused))
    if 300 <= response.status_code < 400:
        target = urlsplit(urljoin(f"{origin}{form.action}", response.headers.get("Location", "")))
        if target.hostname == first_host() and is_page(target.path):
            after = client.get(f"{target.path}?{target.query}" if target.query else target.path, secure=True)
            if after.status_code >= 400:
                raise Refused(f"the page that it leads to, {shape(target.path)}, answers {after.status_code}")


def _be_there_before(path: str) -> None:
    """An administrator was served by the same thread just before."""
    try:
        fetch(path, as_superuser=True)
    except Exception:
        return


@contextmanager
def refusals() -> Iterator[dict[str, list[str]]]:
    """What forms do not take meanwhile: messages by the name of their field, however the page shows them."""
    from django.forms.forms import BaseForm

    found: dict[str, list[str]] = {}
    clean = BaseForm.full_clean

    def clean_and_note(form: Any) -> None:
        clean(form)
        for name, messages in (form._errors or {}).items():
            found[form.add_prefix(name)] = [str(message) for message in messages]

    BaseForm.full_clean = clean_and_note  # type: ignore[method-assign]
    try:
        yield found
    finally:
        BaseForm.full_clean = clean  # type: ignore[method-assign]


def shown_again(refused: dict[str, list[str]]) -> str:
    """That a form was shown again, with the fields that it was shown again for."""
    if not refused:
        return SHOWN_AGAIN
    words = "; ".join(message for messages in refused.values() for message in messages)
    return f"{SHOWN_AGAIN} in {', '.join(sorted(refused))} ({words[:LONGEST_REFUSAL]})"


@contextmanager
def _created() -> Iterator[list[Any]]:
    """The rows that are made meanwhile."""
    from django.db.models.signals import post_save

    rows: list[Any] = []

    def note(instance: Any, created: bool, **_: Any) -> None:
        if created:
            rows.append(instance)

    post_save.connect(note, weak=False)
    try:
        yield rows
    finally:
        post_save.disconnect(note)


def _is_of_nobody_else(rows: list[Any]) -> None:
    """What a visitor sends must not be stored as of somebody who was there before."""
    from django.contrib.auth import get_user_model

    from .smoke_rows import superuser

    users = get_user_model()
    before = superuser()
    for row in rows:
        for field in row._meta.concrete_fields:
            if field.is_relation and field.related_model is users and getattr(row, field.attname) == before.pk:
                raise Refused(
                    f"what a visitor sends is stored with {row._meta.label}.{field.name} of the administrator who was there before"
                )


def _shows_nobody_else(path: str, number: int, form: Form, sent: dict[str, str]) -> None:
    """What one visitor has typed must not stand in the form that the next one is shown."""
    shown = _forms(_client().get(path, secure=True), path)
    typed = {one.name for one in form.fields if one.kind not in ("hidden", "select") and not one.value and not one.options}
    kept = [one.name for one in (shown[number].fields if number < len(shown) else []) if one.name in typed and one.value and one.value == sent[one.name]]
    if kept:
        raise Refused(f"what one visitor has typed into {', '.join(kept)} stands in the form that the next one is shown")


def _client() -> Any:
    from django.test import Client

    return Client(enforce_csrf_checks=True, HTTP_HOST=first_host(), HTTP_X_FORWARDED_PROTO="https")


def _forms(response: Any, path: str) -> list[Form]:
    if response.status_code != 200 or response.headers.get("Content-Type", "").partition(";")[0] != "text/html":
        return []
    parser = _Parser(path)
    if not response.streaming:
        parser.feed(content_of(response))
    return [form for form in parser.forms if _is_sent(form)]


def _is_sent(form: Form) -> bool:
    target = urlsplit(form.action)
    kinds = {one.kind for one in form.fields}
    return target.hostname in (None, first_host()) and is_page(target.path) and not kinds & {"password", "file"}


class _Parser(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._path = path
        self._form: Form | None = None
        self._select: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = None
            if given.get("method", "").lower() == "post":
                self._form = Form(urljoin(self._path, given.get("action", "")))
                self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "option" and self._select is not None:
            self._select.options.append(given.get("value", ""))
        elif tag in ("input", "textarea", "select") and given.get("name"):
            self._add(self._form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None

    def _add(self, form: Form, tag: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text").lower() if tag == "input" else tag
        if kind in _NOT_SENT:
            return
        if kind in ("radio", "checkbox"):
            # The first choice is taken; the others of its name would send theirs instead.
            if any(one.name == given["name"] for one in form.fields):
                return
            one = Field(given["name"], kind, options=[given.get("value", "on")])
        else:
            longest = given.get("maxlength", "")
            one = Field(given["name"], kind, given.get("value", ""), longest=int(longest) if longest.isdigit() else None)
            if kind == "file" and is_for_pictures(given.get("accept", "")):
                one = Field(given["name"], _PICTURE, accept=given["accept"])
        form.fields.append(one)
        self._select = one if tag == "select" else None
