"""What the running application's tasks answer, each asked by itself, past the gateway."""

from __future__ import annotations

import http.client
import re
import socket
from typing import Any

SECONDS = 5
READ_BYTES = 262_144
TASKS_LIMIT = 8
# A name that no project allows (RFC 2606), and a path that none has.
UNKNOWN_HOST = "unknown-host.invalid"
UNKNOWN_PATH = "/there-is-no-such-page-a7f3/"

# Words of Django's debug pages, in every version; each stands in no other page of Django.
_TECHNICAL = re.compile(
    r"You(?:'|&#x27;|’|&#39;)re seeing (?:this error|the help section of this page) because you have"
    r"|DEBUG\s*=\s*True|<title>[^<]* at /[^<]*</title>.*Request Method:|Using the URLconf defined in",
    re.DOTALL,
)


def ask(address: str, hostnames: list[str]) -> list[dict[str, Any]]:
    """For each task behind ``address`` (``host:port``): how it answers each hostname, an unknown one, an unknown path."""
    if address == "":
        return []
    host, _, port = address.rpartition(":")
    found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
    tasks = sorted({str(entry[4][0]) for entry in found})[:TASKS_LIMIT]
    asked = [(name, "/") for name in hostnames] + [(UNKNOWN_HOST, "/"), (hostnames[0], UNKNOWN_PATH)]
    return [{"task": task, "host": name, "path": path, **_answer(task, int(port), name, path)} for task in tasks for name, path in asked]


def technical(body: str) -> bool:
    """Whether a page is one of those that Django makes for developers."""
    return _TECHNICAL.search(body) is not None


def _answer(task: str, port: int, name: str, path: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection(task, port, timeout=SECONDS)
    try:
        connection.request("GET", path, headers={"Host": name, "X-Forwarded-Proto": "https", "User-Agent": "rehearsal-checks"})
        response = connection.getresponse()
        return {"status": response.status, "technical": technical(response.read(READ_BYTES).decode("utf-8", "replace"))}
    except (OSError, http.client.HTTPException) as error:
        return {"status": 0, "technical": False, "error": str(error) or error.__class__.__name__}
    finally:
        connection.close()
