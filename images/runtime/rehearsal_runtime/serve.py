"""A service's life: wait, mark ready, run until told to stop."""

from __future__ import annotations

import os

from . import server, state, wait
from .settings import number
from .supervise import Supervisor
from .worker import Worker


def serve(command: list[str]) -> int:
    """Serves requests; on SIGTERM serves on for DRAIN_SECONDS. Returns the exit code for the container."""
    state.reset()
    code = wait.for_database_and_migrations()
    if code != 0:
        return code
    wait.for_static_files()
    state.mark_ready("serve")
    return Supervisor(server.command(command), number("DRAIN_SECONDS", 3)).run()


def work(command: list[str]) -> int:
    """Runs a background process, which may touch the file that WORKER_HEARTBEAT_FILE names to show that it lives.

    While a migrator changes the schema the process does not run: it is told to stop by SIGTERM, and started again.
    """
    state.reset()
    code = wait.for_database_and_migrations()
    if code != 0:
        return code
    os.environ["WORKER_HEARTBEAT_FILE"] = str(state.HEARTBEAT)
    state.mark_ready("worker")
    return Worker(command).run()
