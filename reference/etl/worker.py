"""The loop of the ETL worker: looks at the inbox at once and then at each interval, until it is told to stop."""

import logging
import signal
import time
from pathlib import Path
from types import FrameType

from django.db import Error as DjangoDatabaseError
from django.db import InterfaceError, OperationalError, connection

from etl.cycle import run_cycle
from etl.pipeline import Control

logger = logging.getLogger(__name__)

# How long it waits before it tries again while another worker has a feed, or while the database is away.
RETRY_SECONDS = 5

# How long it waits after a fault that nobody foresaw.
FAULT_RETRY_SECONDS = 30


class Worker:
    """
    Runs cycles until SIGTERM or SIGINT; the batch in hand is then committed and `run` returns.

    The heartbeat file is touched by the loop itself, never by a thread beside it: a loop that hangs must look dead.
    """

    def __init__(self, inbox: Path, interval: float, heartbeat: Path | None) -> None:
        self.inbox = inbox
        self.interval = interval
        self.heartbeat = heartbeat
        self.stopped = False
        self.control = Control(stopping=lambda: self.stopped, alive=self.beat)

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while not self.stopped:
            self.beat()
            self._wait(self.cycle())
        logger.info("Stopped.")

    def cycle(self) -> float:
        """One cycle; returns the seconds to wait until the next."""
        try:
            outcome = run_cycle(self.inbox, self.control, only_changed=True)
        except (OperationalError, InterfaceError) as error:
            logger.warning("The database does not answer; trying again in %d s: %s", RETRY_SECONDS, _first_line(error))
            connection.close()
            return RETRY_SECONDS
        except (DjangoDatabaseError, OSError, RuntimeError, ValueError):
            logger.exception("The cycle failed; trying again in %d s", FAULT_RETRY_SECONDS)
            connection.close()
            return FAULT_RETRY_SECONDS
        logger.info("Cycle done: %d runs, %d files as before", len(outcome.runs), len(outcome.skipped))
        if outcome.busy:
            return RETRY_SECONDS
        # An idle connection would only be cut by the time the next cycle begins.
        connection.close()
        return self.interval

    def beat(self) -> None:
        if self.heartbeat:
            self.heartbeat.touch()

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 1))
            self.beat()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopped = True


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
