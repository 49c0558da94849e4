"""Tells whether a service's process is alive. Runs every few seconds, so it imports little and nothing of the project.

It tells liveness, not readiness of what the process depends on: a process that answers 500 while its database is away
would not be helped by being killed.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
import time
from pathlib import Path

from . import state
from .secrets import DIRECTORY
from .settings import first_host, number

#: States and addresses as the kernel tells them in /proc/net.
_LISTENS = "0A"
_ITSELF = bytes(15) + b"\x01"
_MAPPED = bytes(10) + b"\xff\xff"


def check() -> tuple[bool, str]:
    """Whether the process is alive, and one line that says why."""
    kind = state.ready_kind()
    if kind is None:
        return False, "still waiting for what the service needs: see its log"
    return _worker() if kind == "worker" else _server()


def _worker() -> tuple[bool, str]:
    # The supervisor ends with its child, so only a child that hangs remains to be found.
    try:
        age = time.time() - state.HEARTBEAT.stat().st_mtime
    except FileNotFoundError:
        return True, "the worker's process runs; it writes no heartbeat"
    limit = number("WORKER_HEARTBEAT_MAX_AGE", 120)
    if age > limit:
        return False, f"the worker's last heartbeat must be younger than {limit:g} s; it is {age:.0f} s old"
    return True, f"the worker's last heartbeat is {age:.0f} s old"


def _server() -> tuple[bool, str]:
    port = int(number("PORT", 8000))
    try:
        status = _get(port, os.environ.get("HEALTH_PATH", "/"), number("HEALTH_TIMEOUT_SECONDS", 3))
    except TimeoutError:
        if _database_is_away():
            return True, "no answer in time while the database is away too: left alone"
        return False, f"no answer from 127.0.0.1:{port} in time"
    except OSError as error:
        return False, f"127.0.0.1:{port}: {error.strerror or error}"
    if not 100 <= status < 600:
        return False, f"127.0.0.1:{port} does not speak HTTP"
    if _only_for_itself(port):
        return False, f"it listens on 127.0.0.1:{port} alone, where nobody else reaches it: bind to 0.0.0.0:{port}"
    return True, f"status {status}"


def _only_for_itself(port: int, tables: tuple[str, ...] = ("/proc/net/tcp", "/proc/net/tcp6")) -> bool:
    """Whether all that listens on a port does so on addresses of the container alone. False where that cannot be told."""
    hosts: list[str] = []
    for table in tables:
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for _, local, _, status, *_ in map(str.split, lines):
            host, _, at = local.partition(":")
            if status == _LISTENS and int(at, 16) == port:
                hosts.append(host)
    return bool(hosts) and all(_is_loopback(host) for host in hosts)


def _is_loopback(host: str) -> bool:
    packed = bytes.fromhex(host)
    if sys.byteorder == "little":
        # Words of 32 bits, each in the order of the machine.
        packed = b"".join(packed[at : at + 4][::-1] for at in range(0, len(packed), 4))
    return packed[-4] == 127 if len(packed) == 4 else packed == _ITSELF or (packed[:12] == _MAPPED and packed[12] == 127)


def _get(port: int, path: str, timeout: float) -> int:
    """The status of an HTTP answer; 0 when the answer is none."""
    # The scheme is what the gateway says, or a project that redirects to HTTPS would answer with a redirect each time.
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {first_host()}\r\nX-Forwarded-Proto: https\r\n"
        "User-Agent: rehearsal-health\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(request.encode())
        head = connection.recv(64)
    found = re.match(rb"HTTP/\d(?:\.\d)? (\d{3})", head)
    return int(found.group(1)) if found else 0


def _database_is_away(timeout: float = 1.5) -> bool:
    """Whether DATABASE_URL names a PostgreSQL server that does not answer. False when that cannot be told."""
    address = _database_address(DIRECTORY / "DATABASE_URL")
    if address is None:
        return False
    answered = threading.Event()
    # Name resolution has no time limit of its own, hence the thread.
    threading.Thread(target=_ask_postgres, args=(address, timeout, answered), daemon=True).start()
    return not answered.wait(timeout)


def _database_address(file: Path) -> tuple[str, int] | None:
    try:
        url = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = re.match(r"postgres(?:ql)?://(?:[^@/]*@)?(\[[^\]]+\]|[^:/?@\s]+)(?::(\d+))?", url)
    return (found.group(1).strip("[]"), int(found.group(2) or 5432)) if found else None


def _ask_postgres(address: tuple[str, int], timeout: float, answered: threading.Event) -> None:
    try:
        with socket.create_connection(address, timeout=timeout) as connection:
            connection.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")  # SSLRequest: answered before any authentication
            if connection.recv(1) in (b"S", b"N"):
                answered.set()
    except OSError:
        pass
