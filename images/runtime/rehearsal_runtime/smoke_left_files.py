"""Requests that leave a temporary file behind, each time: a task that lives for weeks has no room left in the end."""

from __future__ import annotations

import gc
import os
import tempfile
from typing import Any

from .smoke_operation import Operation, Perform, Refused
from .smoke_requests import fetch, shape

#: What a first request makes for all that follow, a cache of fonts for example, is made once.
TIMES = 3


class LeftFiles:
    """Remembers after which requests there were files that had not been there."""

    def __init__(self) -> None:
        self._there = _temporary()
        self._paths: dict[str, str] = {}

    def asked(self, path: str) -> None:
        """Is told each path as soon as it was asked for."""
        there = _temporary()
        if there - self._there:
            self._paths.setdefault(shape(path), path)
        self._there = there

    def ask_again(self, perform: Perform) -> None:
        """Asks once more for those paths, one by one, and refuses what leaves a file each time."""
        for name, path in self._paths.items():
            perform(Operation(f"GET {name} for its files", lambda path=path: _leaves_nothing(path)))
        self._paths = {}


def _leaves_nothing(path: str) -> Any:
    response, left = None, set()
    for _ in range(TIMES):
        before = _temporary()
        response = fetch(path)
        _close(response)
        # A file that ends with its object is none that is left.
        gc.collect()
        new = _temporary() - before
        if not new:
            return response
        left |= new
    raise Refused(f"each request leaves a file in {tempfile.gettempdir()}, such as {_kind_of(min(left))}")


def _close(response: Any) -> None:
    """Closes what it holds, and leaves the connection to the database open, in whose transaction all is tried."""
    from django.core.signals import request_finished
    from django.db import close_old_connections

    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


def _temporary() -> set[str]:
    try:
        return set(os.listdir(tempfile.gettempdir()))
    except OSError:
        return set()


def _kind_of(name: str) -> str:
    """The name of a file without what chance has put into it."""
    return f"{name[:3]}…{os.path.splitext(name)[1]}" if len(name) > 3 else name
