"""Routes that no link may lead to: whoever guesses one must find no secret there."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from typing import Any

from .smoke_operation import Operation, Perform, Refused
from .smoke_requests import content_of, fetch, is_page

LIMIT = 200
SECONDS = 30
#: Shorter values are met by chance.
SHORTEST = 8

_PARAMETER = re.compile(r"<[^>]+>")
_LITERAL = re.compile(r"\^?([\w/.-]*)\$?")
# Variables that hold what must not be shown.
_SECRET_NAME = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|PRIVATE|CREDENTIAL|API_?KEY|DATABASE_URL|DSN", re.IGNORECASE)


def visit_routes(perform: Perform) -> None:
    """Asks as a visitor for each route without parameters. An answer fails that shows a secret, and no other does."""
    from django.urls import get_resolver

    secrets = dict(_secrets())
    paths = dict.fromkeys(path for path in _routes(get_resolver().url_patterns, "/") if is_page(path))
    deadline = time.monotonic() + SECONDS
    for path in list(paths)[:LIMIT]:
        if time.monotonic() > deadline:
            return
        perform(Operation(f"GET {path} by its address alone", lambda path=path: _ask(path, secrets)))


def _ask(path: str, secrets: dict[str, str]) -> None:
    try:
        text = content_of(fetch(path))
    except Exception:
        # Some routes are there to fail, or for a method or a client of their own.
        return
    shown = sorted(name for value, name in secrets.items() if value in text)
    if shown:
        raise Refused(f"the answer, which nobody has to log in for, holds the value of {', '.join(shown)}")


def _routes(patterns: list[Any], prefix: str) -> Iterator[str]:
    from django.urls import URLResolver

    for entry in patterns:
        route = _plain(entry.pattern)
        if route is None:
            continue
        if not isinstance(entry, URLResolver):
            yield prefix + route
        elif entry.app_name != "admin":
            yield from _routes(entry.url_patterns, prefix + route)


def _plain(pattern: Any) -> str | None:
    """A pattern's text where every path that it matches is the same."""
    text = str(pattern)
    if getattr(pattern, "converters", None) or _PARAMETER.search(text):
        return None
    if hasattr(pattern, "_regex"):
        literal = _LITERAL.fullmatch(text.replace("\\.", "."))
        return literal.group(1) if literal else None
    return text


def _secrets() -> Iterator[tuple[str, str]]:
    """Values that must stand in no answer, with the names of what holds them."""
    from urllib.parse import unquote, urlsplit

    from django.conf import settings

    values = [("SECRET_KEY", settings.SECRET_KEY)]
    values += [(f"DATABASES {alias} PASSWORD", one.get("PASSWORD")) for alias, one in settings.DATABASES.items()]
    values += [(name, value) for name, value in os.environ.items() if _SECRET_NAME.search(name)]
    for name, value in values:
        text = str(value or "")
        secret = unquote(urlsplit(text).password or "") if "://" in text else text
        if len(secret) >= SHORTEST:
            yield secret, name
