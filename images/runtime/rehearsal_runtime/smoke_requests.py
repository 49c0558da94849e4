"""Requests that a visitor and an administrator make: the given pages, what they link to, and the administration."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from .settings import first_host
from .smoke_operation import Operation, Outcome, Perform, Refused

#: Kinds of pages: as many as a migration can wait for, and where there is time for more.
FEW_KINDS, MANY_KINDS = 24, 60
DEPTH_LIMIT = 2
#: A letter that much has in it.
SOUGHT = "a"
#: After that no further page of an administration is asked for.
ADMINISTRATION_SECONDS = 120
READ_BYTES = 65_536
#: Of a response's header the gateway takes no more: nginx's proxy_buffer_size, which is a page of memory.
HEADER_BYTES = 4096
#: What the application server adds: the status, Server, Date and Connection.
ADDED_BYTES = 130

_ID = re.compile(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}")


def visit(
    paths: list[str], perform: Perform, asked: Callable[[str, Outcome], None], limit: int = FEW_KINDS
) -> list[Operation]:
    """Asks as a visitor for ``paths`` and for what their answers link to, one link of each shape.

    ``asked`` is told each path with what came of it.
    """
    done: list[Operation] = []
    queue = [(path, 0) for path in paths]
    met = {shape(path) for path in paths}
    while queue and len(done) < limit:
        path, depth = queue.pop(0)
        operation = Operation(f"GET {shape(path)}", lambda path=path: fetch(path))
        done.append(operation)
        outcome = perform(operation)
        asked(path, outcome)
        if outcome.error is not None or depth == DEPTH_LIMIT:
            continue
        for link in links(path, outcome.result):
            if shape(link) not in met:
                met.add(shape(link))
                queue.append((link, depth + 1))
    return done


def administer(perform: Perform) -> list[Operation]:
    """Asks as a superuser for each administration's index, lists, a search in each, and the first form that it links to."""
    done: list[Operation] = []

    def ask(path: str, name: str | None = None) -> Any:
        operation = Operation(f"GET {name or path}", partial(fetch, path, as_superuser=True))
        done.append(operation)
        return perform(operation).result

    deadline = time.monotonic() + ADMINISTRATION_SECONDS
    for index, lists in administrations():
        ask(index)
        for path in lists:
            if time.monotonic() > deadline:
                return done
            page = ask(path)
            if page is None:
                continue
            row = change_link(path, page)
            if row:
                ask(row, f"{path}<id>/change/")
            if f'href="{path}add/' in content_of(page):
                ask(f"{path}add/")
            if 'id="searchbar"' in content_of(page):
                ask(f"{path}?q={SOUGHT}")
    return done


def change_link(path: str, page: Any) -> str | None:
    """The form of the first row that a list of an administration, at that path, links to."""
    found = re.search(rf'href="({re.escape(path)}[^"?/]+/change/)[?"]', content_of(page))
    return found.group(1) if found else None


def shape(url: str) -> str:
    """A path with what tells one record from another taken out: ``/flights/<id>/``, ``/flights/?page``."""
    from django.urls import Resolver404, resolve

    parts = urlsplit(url)
    path = parts.path
    try:
        match = resolve(path)
        captured = [str(value) for value in (*match.args, *match.kwargs.values()) if value not in (None, "")]
    except Resolver404:
        captured = []
    for value in captured:
        path = re.sub(rf"(?<=/){re.escape(value)}(?=[/.]|$)", "<id>", path, count=1)
    path = "/".join("<id>" if _ID.fullmatch(part) else part for part in path.split("/"))
    names = parameters(parts.query)
    return f"{path}?{'&'.join(sorted(names))}" if names else path


def parameters(query: str) -> set[str]:
    """Names of the parameters in an address's query."""
    return {name for name, _ in parse_qsl(query, keep_blank_values=True)}


def client_of(as_superuser: bool = False) -> Any:
    """A browser or program as the gateway hands its requests on."""
    if as_superuser:
        from .smoke_rows import superuser

        return client_for(superuser())
    return client_for(None)


def client_for(user: Any) -> Any:
    """One in which a user has logged in, or nobody."""
    from django.test import Client

    client = Client(HTTP_HOST=first_host(), HTTP_X_FORWARDED_PROTO="https")
    if user is not None:
        client.force_login(user)
    return client


def post_record(client: Any, path: str, record: dict[str, Any]) -> Any:
    """The response to a record that is sent to a list of an API."""
    return client.post(path, json.dumps(record), content_type="application/json", secure=True)


def fetch(path: str, as_superuser: bool = False, language: str | None = None) -> Any:
    """The response, read to READ_BYTES.

    :param language: that the visitor asks for, as ``Accept-Language``
    :raises Refused: when it is none of success, or when an administrator is sent elsewhere.
    """
    response = fetch_with(client_of(as_superuser), path, language)
    if as_superuser and response.status_code >= 300:
        raise Refused(f"status {response.status_code} to {urlsplit(response.headers.get('Location', '')).path}")
    return response


def fetch_with(client: Any, path: str, language: str | None = None) -> Any:
    """The response to a client, read to READ_BYTES.

    :raises Refused: when it is none of success, or when its header is none that the gateway takes.
    """
    asked = {} if language is None else {"HTTP_ACCEPT_LANGUAGE": language}
    response = client.get(path, secure=True, **asked)
    if response.status_code >= 400:
        raise Refused(f"status {response.status_code}")
    _check_header(response)
    if response.streaming:
        response.content_read = _read(response)
    return response


def _check_header(response: Any) -> None:
    lines = [f"{name}: {value}" for name, value in response.headers.items()]
    lines += [f"Set-Cookie: {cookie.OutputString()}" for cookie in response.cookies.values()]
    size = ADDED_BYTES + sum(len(line.encode()) + 2 for line in lines)
    if size > HEADER_BYTES:
        longest = max(lines, key=len)
        name = longest.partition(":")[0]
        raise Refused(
            f"its header has {size} bytes, {len(longest)} of them in {name}, and the gateway takes {HEADER_BYTES} "
            "(proxy_buffer_size): visitors get 502 Bad Gateway"
        )


def _read(response: Any) -> bytes:
    if getattr(response, "is_async", False):
        return b""
    content = b""
    for chunk in response.streaming_content:
        content += chunk
        if len(content) >= READ_BYTES:
            break
    response.close()
    return content


def content_of(response: Any) -> str:
    """What was read of a response, as text."""
    content = response.content_read if response.streaming else response.content
    return content.decode(getattr(response, "charset", None) or "utf-8", "replace")


def links(path: str, response: Any) -> Iterator[str]:
    """Links of an answer to this project's own pages, in their order."""
    for link in _raw_links(path, response):
        try:
            parts = urlsplit(urljoin(f"https://{first_host()}{path}", link))
        except ValueError:
            continue
        if parts.scheme not in ("http", "https") or parts.hostname != first_host():
            continue
        if is_page(parts.path):
            yield f"{parts.path}?{parts.query}" if parts.query else parts.path


def _raw_links(path: str, response: Any) -> Iterator[str]:
    if 300 <= response.status_code < 400:
        yield response.headers.get("Location", "")
        return
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
    if kind == "text/html":
        parser = Anchors.of(response)
        yield from parser.links
        yield from (f"{urljoin(path, action)}?{name}={SOUGHT}" for action, name in parser.searches)
    elif kind.endswith("json"):
        try:
            yield from _urls_in(json.loads(content_of(response)))
        except ValueError:
            return


def _urls_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith(("/", "https://", "http://")) and not re.search(r"\s", value):
            yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _urls_in(inner)


def is_page(path: str) -> bool:
    """Whether the project itself answers there, other than with its administration, a file, or by signing out."""
    from django.conf import settings
    from django.urls import Resolver404, resolve

    # One that is not set reads as "/".
    files = {settings.STATIC_URL, settings.MEDIA_URL} - {None, "", "/"}
    if path.startswith(tuple(files)):
        return False
    try:
        match = resolve(path)
    except Resolver404:
        return False
    return "admin" not in match.app_names and "logout" not in path


def administrations() -> Iterator[tuple[str, list[str]]]:
    """The index of each administration and the lists of its models."""
    from django.apps import apps
    from django.urls import NoReverseMatch, get_resolver, reverse

    for namespace in sorted(get_resolver().app_dict.get("admin", [])):
        try:
            index = reverse(f"{namespace}:index")
        except NoReverseMatch:
            continue
        lists = []
        for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
            try:
                lists.append(reverse(f"{namespace}:{model._meta.app_label}_{model._meta.model_name}_changelist"))
            except NoReverseMatch:
                continue
        yield index, lists


class Anchors(HTMLParser):
    """Links, and forms in which something is looked for: where they lead, and the name of their first text."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.searches: list[tuple[str, str]] = []
        self._action: str | None = None

    @classmethod
    def of(cls, response: Any) -> Anchors:
        """Those of a page."""
        parser = cls()
        parser.feed(content_of(response))
        return parser

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "form":
            action = given.get("action", "").partition("?")[0]
            self._action = action if given.get("method", "get").lower() == "get" else None
        elif tag == "input" and self._action is not None and given.get("name"):
            if given.get("type", "text").lower() in ("text", "search"):
                self.searches.append((self._action, given["name"]))
                self._action = None

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._action = None
