"""What a release's code does on some tables, over and over and side by side, while something else is done to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import cycle

from .smoke_operation import Operation, Outcome, perform

PAUSE_SECONDS = 0.02
END_SECONDS = 60


class Traffic:
    """Three threads, each with connections of its own: requests, reads and writes.

    ``usual_known`` is called once every operation has been done: from then on it is known what each usually takes.
    """

    def __init__(
        self, groups: list[list[Operation]], tell: Callable[[Outcome], None], usual_known: Callable[[], None]
    ) -> None:
        self._tell = tell
        self._usual_known = usual_known
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._count = 0
        # What each thread is at, and since when: an operation that waits to the end is told of too.
        self._current: dict[int, tuple[Operation, float]] = {}
        self._threads = [
            threading.Thread(target=self._run, args=(number, group), daemon=True)
            for number, group in enumerate(groups)
            if group
        ]
        self._in_first_round = len(self._threads)
        if not self._threads:
            usual_known()
        for thread in self._threads:
            thread.start()

    def pause(self) -> int:
        """Ends it and returns how many operations there were.

        Operations that still wait after END_SECONDS are told of with the time that they have waited.
        """
        self._ended.set()
        deadline = time.monotonic() + END_SECONDS
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))
        with self._lock:
            for operation, at in self._current.values():
                self._count += 1
                waited = time.time() - at
                self._tell(Outcome(operation, at, waited, f"still waiting after {waited:.1f} s", None))
            self._current.clear()
            return self._count

    def _run(self, number: int, operations: list[Operation]) -> None:
        from django.db import connections

        try:
            for count, operation in enumerate(cycle(operations)):
                if self._ended.is_set():
                    return
                if count == len(operations):
                    self._end_first_round()
                self._current[number] = (operation, time.time())
                outcome = perform(operation)
                with self._lock:
                    if self._current.pop(number, None) is None:
                        return
                    self._count += 1
                    self._tell(outcome)
                self._ended.wait(PAUSE_SECONDS)
        finally:
            connections.close_all()

    def _end_first_round(self) -> None:
        with self._lock:
            self._in_first_round -= 1
            if self._in_first_round == 0:
                self._usual_known()
