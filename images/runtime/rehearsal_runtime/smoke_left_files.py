"""Requests that leave a temporary file behind, each time: a task that lives for weeks has no room left in the end."""

from __future__ import annotations

import gc
import os
import tempfile

from .smoke_operation import Operation, Perform, Refused, perform
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

    def ask_again(self, tell: Perform) -> None:
        """Asks once more for those paths, one by one, and refuses what leaves a file each time."""
        for name, path in self._paths.items():
            left = _left_each_time(Operation(f"GET {name}", lambda path=path: fetch(path)))
            tell(Operation(f"GET {name} for its files", lambda left=left: _refuse(left)))
        self._paths = {}


def _left_each_time(operation: Operation) -> str | None:
    """A file that the last of several requests has left, where each has left one."""
    left = None
    for _ in range(TIMES):
        before = _temporary()
        # Each in a transaction of its own: some close connections when they are answered.
        perform(operation)
        # A file that ends with its object is none that is left.
        gc.collect()
        left = min(_temporary() - before, default=None)
        if left is None:
            return None
    return left


def _refuse(left: str | None) -> None:
    if left is not None:
        raise Refused(f"each request leaves a file in {tempfile.gettempdir()}, such as {_kind_of(left)}")


def _temporary() -> set[str]:
    try:
        return set(os.listdir(tempfile.gettempdir()))
    except OSError:
        return set()


def _kind_of(name: str) -> str:
    """The name of a file without what chance has put into it."""
    return f"{name[:3]}…{os.path.splitext(name)[1]}" if len(name) > 3 else name
