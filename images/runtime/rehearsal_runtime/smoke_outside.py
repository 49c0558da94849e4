"""Servers outside that a request asks while somebody waits for its answer: how long, where they say nothing."""

from __future__ import annotations

import ipaddress
import socket
import threading
from typing import Any

#: Stands for every server whose name is not known here; nothing has it (RFC 5737).
_NOWHERE = "192.0.2.1"

_noted = threading.local()


def watch() -> None:
    """Has this process note whom it asks outside, from here on, and meet there what a server that says nothing ends in.

    No way leads outside from where a rehearsal runs: a name that is not known would end the attempt before the code has
    said how long it waits.
    """
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    # To learn that a name is not known can take seconds, each time.
    unknown: set[str] = set()

    def look_up_or_note(host: Any, port: Any, *args: Any, **named: Any) -> Any:
        try:
            if host not in unknown:
                return look_up(host, port, *args, **named)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
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
