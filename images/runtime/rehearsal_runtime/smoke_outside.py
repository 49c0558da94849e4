"""Servers outside that a request asks while somebody waits for its answer: how long, where they say nothing."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Any

#: Stands for every server whose name is not known here; nothing has it (RFC 5737).
_NOWHERE = "192.0.2.1"
LOOK_UP_SECONDS = 1.0

_noted = threading.local()


def watch() -> None:
    """Has this process note whom it asks outside, from here on, and meet there what a server that says nothing ends in.

    No way leads outside from where a rehearsal runs: a name that is not known would end the attempt before the code has
    said how long it waits.
    """
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    unknown: set[str] = set()

    def look_up_or_note(host: Any, port: Any, *args: Any, **named: Any) -> Any:
        try:
            if host in unknown:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return _within_time(lambda: look_up(host, port, *args, **named))
        except socket.gaierror:
            if not isinstance(host, str) or not isinstance(port, int):
                raise
            unknown.add(host)
            _noted.name = host
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (_NOWHERE, port))]

    def connect_or_note(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if host == _NOWHERE or _is_outside(host):
            asked = getattr(_noted, "asked", None)
            if asked is not None:
                asked[_noted.name if host == _NOWHERE else host] = self.gettimeout()
            raise TimeoutError("timed out")
        connect(self, address)

    socket.getaddrinfo = look_up_or_note
    socket.socket.connect = connect_or_note  # type: ignore[method-assign]


def _within_time(look_up: Callable[[], Any]) -> Any:
    """What the network knows it says at once; that it does not know a name can take it ten seconds."""
    said: list[Any] = []

    def ask() -> None:
        try:
            said.append(look_up())
        except OSError as error:
            said.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(LOOK_UP_SECONDS)
    if not said:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    if isinstance(said[0], OSError):
        raise said[0]
    return said[0]


def forget() -> dict[str, float | None]:
    """Begins anew in this thread. The dictionary fills with names of servers, and the seconds that the code waits for each;
    None where it waits without a limit."""
    _noted.asked = {}
    return _noted.asked


def _is_outside(host: Any) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return False
