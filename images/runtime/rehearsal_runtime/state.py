"""What a container's processes know of each other, kept in its /tmp."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

DIRECTORY = Path("/tmp/rehearsal")
READY = DIRECTORY / "ready"
HEARTBEAT = DIRECTORY / "heartbeat"


def reset() -> None:
    """Forgets what a former run in the same container left."""
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(mode=0o700, parents=True)


def mark_ready(kind: str) -> None:
    """Notes that everything was waited for and a process of this kind (``serve`` or ``worker``) may start."""
    READY.write_text(json.dumps({"kind": kind, "release": os.environ.get("RELEASE", "")}), encoding="utf-8")


def ready_kind() -> str | None:
    """The kind that was marked ready, or None before that."""
    try:
        return json.loads(READY.read_text(encoding="utf-8"))["kind"]
    except (FileNotFoundError, ValueError, KeyError):
        return None


def beat() -> None:
    """Shows a sign of life in place of a worker's command that does not run, where it shows any itself."""
    if HEARTBEAT.exists():
        HEARTBEAT.touch()
