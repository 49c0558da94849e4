"""Tells which migration runs when it takes long."""

from __future__ import annotations

import threading
import time
from typing import Any

from .failure import say

FIRST_SECONDS = 2.0
NEXT_SECONDS = 30.0


class Progress:
    """Announces a migration that still runs after two seconds, and every half minute from then on.

    Django ends the line "Applying app.name..." only when it is done, and container logs show whole lines.
    """

    def __init__(self, first: float = FIRST_SECONDS, following: float = NEXT_SECONDS) -> None:
        self._first = first
        self._following = following
        self._ended = threading.Event()

    def attach(self, command: Any) -> None:
        """Listens to the progress that Django's ``migrate`` command (or the project's own) tells itself."""
        original = command.migration_progress_callback

        def listen(action: str, migration: Any = None, *rest: Any, **named: Any) -> None:
            if action == "apply_start":
                self.start(str(migration))
            elif action == "apply_success":
                self.stop()
            original(action, migration, *rest, **named)

        command.migration_progress_callback = listen

    def start(self, name: str) -> None:
        self._ended = threading.Event()
        threading.Thread(target=self._tell, args=(name, self._ended, time.monotonic()), daemon=True).start()

    def stop(self) -> None:
        self._ended.set()

    def _tell(self, name: str, ended: threading.Event, began: float) -> None:
        pause = self._first
        while not ended.wait(pause):
            say(f"{name} still runs after {time.monotonic() - began:.0f} s")
            pause = self._following
