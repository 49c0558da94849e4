"""What a service's process waits for before it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from .failure import Failure, say
from .settings import number


def for_database_and_migrations() -> int:
    """Runs the ``check`` command in a process of its own and returns its exit code.

    It imports the project, whose memory the supervising process should not keep for as long as the service runs.
    """
    child = subprocess.Popen([sys.executable, "-u", os.path.dirname(os.path.dirname(__file__)), "check"])

    def stop(signal_number: int, _frame: FrameType | None) -> None:
        child.terminate()
        sys.exit(128 + signal_number)

    for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(signal_number, stop)
    return child.wait()


def for_static_files() -> None:
    """Waits until STATIC_READY_URL answers 200: this release's files are served before its first page is.

    :raises Failure: after STATIC_WAIT_SECONDS.
    """
    url = os.environ.get("STATIC_READY_URL", "")
    if url == "":
        return
    limit = number("STATIC_WAIT_SECONDS", 120)
    end = time.monotonic() + limit
    told = ""
    while True:
        with _brief_name_resolution():
            found = _answer(url)
        if found == "":
            return
        if time.monotonic() >= end:
            raise Failure(
                f"this release's static files must be served before its pages; found {found} at {url} for {limit:g} s; "
                "see the log of the static service, or raise STATIC_WAIT_SECONDS"
            )
        if found != told:
            say(f"waiting for static files: {found} at {url}")
            told = found
        time.sleep(0.2)


@contextmanager
def _brief_name_resolution() -> Iterator[None]:
    """Gives a name up after one second, where the environment says nothing else.

    A service has no name before it is healthy, and Docker's DNS asks on for it, which on an internal network takes the
    resolver's ten seconds. The process that serves afterwards keeps the resolver's own limits.
    """
    if "RES_OPTIONS" in os.environ:
        yield
        return
    os.environ["RES_OPTIONS"] = "timeout:1 attempts:1"
    try:
        yield
    finally:
        del os.environ["RES_OPTIONS"]


def _answer(url: str) -> str:
    """Empty when the URL answers 200, else what it did instead."""
    # A proxy for the way out has no business between two services of one environment.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as response:
            return "" if response.status == 200 else f"status {response.status}"
    except urllib.error.HTTPError as error:
        return f"status {error.code}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
