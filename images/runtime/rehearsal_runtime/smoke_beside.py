"""Part of a round, done in a process of its own beside the rest: pages take computing, of which a process does one thing at a time."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from .smoke_operation import Operation, Outcome, Perform, perform, words_of

#: Asks for pages by way of what it is given, and returns the operations, which must survive pickling.
Work = Callable[[Perform], list[Operation]]


class Beside:
    """Begins ``work`` at once. ``tell`` gets the event of each operation, and one called ``name`` where the work itself fails.

    A process that has threads, or that keeps a pool of connections, cannot be split: ``join`` does the work then.
    """

    def __init__(self, name: str, work: Work, tell: Callable[[dict[str, Any]], None]) -> None:
        self._name, self._work, self._tell = name, work, tell
        self._operations: list[Operation] = []
        self._process: Any = None
        if _can_be_split():
            self._begin()

    def join(self) -> list[Operation]:
        """Waits for the end of the work, and returns its operations."""
        if self._process is None:
            try:
                self._operations = self._work(self._perform)
            except Exception as error:
                self._failed(words_of(error))
            return self._operations
        self._listener.join()
        return self._operations

    def _begin(self) -> None:
        from django.db import connections

        # Two processes must not speak on one connection.
        connections.close_all()
        receiver, sender = multiprocessing.Pipe(duplex=False)
        self._process = multiprocessing.get_context("fork").Process(target=self._work_and_send, args=(sender,), daemon=True)
        self._process.start()
        sender.close()
        self._listener = threading.Thread(target=self._listen, args=(receiver,), daemon=True)
        self._listener.start()

    def _work_and_send(self, sender: Connection) -> None:
        from django.db import connections

        self._tell = lambda event: sender.send(event)
        try:
            operations = self._work(self._perform)
        except Exception as error:
            self._failed(words_of(error))
            operations = []
        connections.close_all()
        sender.send(operations)

    def _listen(self, receiver: Connection) -> None:
        try:
            while not isinstance(received := receiver.recv(), list):
                self._tell(received)
            self._operations = received
            self._process.join()
        except EOFError:
            self._process.join()
            self._failed(f"its process ended with exit code {self._process.exitcode}, before it was done")
        finally:
            receiver.close()

    def _perform(self, operation: Operation) -> Outcome:
        outcome = perform(operation)
        self._tell({**outcome.event(), "error": outcome.error})
        return outcome

    def _failed(self, error: str) -> None:
        self._tell({"event": "operation", "operation": self._name, "seconds": 0, "error": error})


def _can_be_split() -> bool:
    from django.db import connections

    pooled = any(connection.settings_dict.get("OPTIONS", {}).get("pool") for connection in connections.all())
    return threading.active_count() == 1 and not pooled
