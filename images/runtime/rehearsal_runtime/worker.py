"""A worker's life: its command runs whenever no migrator changes the schema."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from . import state
from .failure import say
from .settings import number
from .supervise import HANDLED, Supervisor, unblock_signals

RUNTIME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICK_SECONDS = 1.0
# How long the command waits for a companion that says nothing at all.
SILENCE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 60.0


class Worker(Supervisor):
    """A command, and beside it the companion (``intake``) that knows when it may run.

    The companion is no condition of the command: without one the command runs as ever. The command's own end ends the
    worker; an end that it was asked for, because of a migrator, does not.
    """

    def __init__(self, command: Sequence[str]) -> None:
        super().__init__(command, 0)
        self._companion: subprocess.Popen[bytes] | None = None
        self._said = b""
        self._heard = time.monotonic()
        self._start_companion_at = 0.0
        self._failures = 0
        self._may_run = False
        self._asked = False
        # Fingerprint of the migrations under which the command ran last.
        self._since = ""
        self._rests = False

    def run(self) -> int:
        """Runs the command until it ends by itself or is stopped; returns the exit code as a supervisor does.

        :raises Failure: when the command cannot be started.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        self._handle_signals()
        signal.signal(signal.SIGCHLD, lambda *_: None)
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        os.set_blocking(reading, False)
        # Whatever signal comes ends the select below.
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        while True:
            code = self._reap()
            if code is not None:
                return code
            if self._child is None:
                if self._stopping is not None:
                    return 0
                state.beat()
                if self._leave():
                    self._begin()
            self._keep_companion()
            companion = [self._companion.stdout] if self._companion and self._companion.stdout else []
            ready, _, _ = select.select([reading, *companion], [], [], TICK_SECONDS)
            if reading in ready:
                os.read(reading, 4096)
            if companion and companion[0] in ready:
                self._listen(companion[0].fileno())

    def _begin(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        self._asked, self._rests = False, False
        self._start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)

    def _leave(self) -> bool:
        if self._may_run:
            return True
        # A companion tells every second that the command must wait; silence is no reason to.
        limit = number("INTAKE_RESUME_SECONDS", 300) if self._rests else SILENCE_SECONDS
        if time.monotonic() - self._heard < limit:
            return False
        say(f"nothing was heard of migrators for {limit:g} s: the command starts")
        return True

    def _reap(self) -> int | None:
        """Takes note of processes that ended; the exit code when that ends the worker."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid == 0:
                return None
            if self._companion is not None and pid == self._companion.pid:
                self._lose_companion()
            elif self._child is not None and pid == self._child.pid:
                code = os.waitstatus_to_exitcode(status)
                if self._stopping is not None or not self._asked:
                    return self._exit_code(code)
                self._come_to_rest(code)

    def _come_to_rest(self, code: int) -> None:
        said = "" if code in (0, -signal.SIGTERM) else f", with exit code {code}"
        say(f"the command has stopped{said}")
        self._child = None
        self._rests, self._may_run = True, False
        self._heard = time.monotonic()
        self._write(b"ended\n")

    def _listen(self, descriptor: int) -> None:
        said = os.read(descriptor, 4096)
        self._heard = time.monotonic()
        if said:
            self._failures = 0
        *lines, self._said = (self._said + said).split(b"\n")
        for line in lines:
            word, _, since = line.decode().partition(" ")
            self._may_run = word == "go"
            if word == "go":
                self._since = since or self._since
            elif word == "wait" and self._child is not None and not self._asked:
                self._asked = True
                self._send(signal.SIGTERM)

    def _keep_companion(self) -> None:
        if self._companion is not None or time.monotonic() < self._start_companion_at or self._stopping is not None:
            return
        since = self._since if self._rests else ""
        self._companion = subprocess.Popen(
            [sys.executable, "-u", RUNTIME, "intake", *([since] if since else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            preexec_fn=unblock_signals,
        )
        self._said = b""

    def _lose_companion(self) -> None:
        self._failures += 1
        pause = min(LONGEST_PAUSE_SECONDS, 2.0**self._failures)
        say(f"who looks out for migrators has ended; another starts in {pause:g} s")
        self._start_companion_at = time.monotonic() + pause
        for pipe in (self._companion.stdin, self._companion.stdout) if self._companion else ():
            if pipe is not None:
                pipe.close()
        self._companion = None

    def _write(self, line: bytes) -> None:
        if self._companion is None or self._companion.stdin is None:
            return
        try:
            self._companion.stdin.write(line)
        except OSError:
            # It has just ended; its successor is told by its arguments.
            return
