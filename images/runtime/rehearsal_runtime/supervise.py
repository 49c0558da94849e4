"""Runs one child process as the container's first process: forwards signals, drains, reaps, and exits as it exits."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence

from .failure import Failure, say

FORWARDED = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGTTIN, signal.SIGTTOU)
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
HANDLED = (*FORWARDED, *STOPPING, signal.SIGALRM)


class Supervisor:
    """One child and the signals that are meant for it.

    A stop signal is held back for ``drain_seconds``, during which the child serves on: name resolution and the gateway
    need that long to forget a task. A second stop signal ends the draining.
    """

    def __init__(self, command: Sequence[str], drain_seconds: float) -> None:
        self._command = list(command)
        self._drain_seconds = drain_seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping: signal.Signals | None = None

    def run(self) -> int:
        """Starts the child and returns its exit code (128 + n when signal n ended it; 0 when that was our own stop).

        :raises Failure: when the command cannot be started.
        """
        # Blocked until the child is known, or a stop signal in between would find nobody to forward to.
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        self._handle_signals()
        child = self._start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        return self._exit_code(self._wait(child))

    def _handle_signals(self) -> None:
        for number in FORWARDED:
            signal.signal(number, self._forward)
        for number in STOPPING:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGALRM, self._end_draining)

    def _start(self) -> int:
        """Starts the child and returns its process id."""
        try:
            self._child = subprocess.Popen(self._command, preexec_fn=unblock_signals)
        except OSError as error:
            raise Failure(
                f"the command of a service must be an executable of the image; found {self._command[0]!r}: "
                f"{error.strerror}; correct the command or add it to the project's requirements"
            ) from error
        return self._child.pid

    def _wait(self, pid: int) -> int:
        # As the container's first process it inherits orphans too, which would otherwise stay as zombies.
        while True:
            ended, status = os.waitpid(-1, 0)
            if ended == pid:
                return os.waitstatus_to_exitcode(status)

    def _exit_code(self, code: int) -> int:
        if code >= 0:
            return code
        return 0 if self._stopping == -code else 128 - code

    def _send(self, number: int) -> None:
        if self._child is not None:
            try:
                os.kill(self._child.pid, number)
            except ProcessLookupError:
                pass

    def _forward(self, number: int, _frame: object) -> None:
        self._send(number)

    def _stop(self, number: int, _frame: object) -> None:
        if self._stopping is None and self._drain_seconds > 0:
            self._stopping = signal.Signals(number)
            say(f"{self._stopping.name}: serving on for {self._drain_seconds:g} s, then stopping")
            signal.setitimer(signal.ITIMER_REAL, self._drain_seconds)
            return
        self._stopping = signal.Signals(number)
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._send(number)

    def _end_draining(self, _number: int, _frame: object) -> None:
        if self._stopping is not None:
            self._send(self._stopping)


def unblock_signals() -> None:
    """For a child, which would else begin with the signals blocked that its parent has blocked."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
