from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

RUNTIME = Path(__file__).resolve().parent.parent

SUPERVISE = """
import sys
from rehearsal_runtime.supervise import Supervisor
sys.exit(Supervisor(sys.argv[2:], float(sys.argv[1])).run())
"""

# Says when it has begun, and what it received.
CHILD = """
import signal, sys, time
def stop(number, frame):
    print(signal.Signals(number).name, flush=True)
    sys.exit(3)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGHUP, lambda number, frame: print("SIGHUP", flush=True))
print("begun", flush=True)
while True:
    time.sleep(0.05)
"""


class Supervising(unittest.TestCase):
    def start(self, drain: float, *command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, str(drain), *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(RUNTIME)},
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()

    def test_passes_on_the_exit_code(self) -> None:
        self.assertEqual(self.start(0, "sh", "-c", "exit 9").wait(10), 9)

    def test_tells_by_the_exit_code_which_signal_ended_the_child(self) -> None:
        self.assertEqual(self.start(0, "sh", "-c", "kill -KILL $$").wait(10), 128 + signal.SIGKILL)

    def test_a_child_that_our_own_stop_ended_ended_well(self) -> None:
        process = self.start(0, "sh", "-c", "echo begun; exec sleep 30")
        self.assertEqual(self.line(process), "begun")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)

    def test_forwards_a_stop_at_once_without_draining(self) -> None:
        process = self.start(0, sys.executable, "-c", CHILD)
        self.assertEqual(self.line(process), "begun")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.line(process), "SIGTERM")
        self.assertEqual(process.wait(10), 3)

    def test_forwards_a_stop_when_draining_is_over(self) -> None:
        process = self.start(0.5, sys.executable, "-c", CHILD)
        self.assertEqual(self.line(process), "begun")
        process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        # Served on: another signal still reaches the child, before the stop does.
        process.send_signal(signal.SIGHUP)
        self.assertEqual(self.line(process), "SIGHUP")
        self.assertEqual(self.line(process), "SIGTERM")
        self.assertEqual(process.wait(10), 3)

    def test_a_second_stop_ends_the_draining(self) -> None:
        process = self.start(600, sys.executable, "-c", CHILD)
        self.assertEqual(self.line(process), "begun")
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        self.assertIn("serving on for 600 s", process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.line(process), "SIGTERM")

    def test_the_child_begins_with_no_signal_blocked(self) -> None:
        process = self.start(0, "sh", "-c", "grep SigBlk /proc/self/status")
        self.assertEqual(self.line(process).split()[1], "0000000000000000")

    def test_names_the_command_that_does_not_exist(self) -> None:
        process = self.start(0, "surely-absent")
        _, errors = process.communicate(timeout=10)
        self.assertIn("found 'surely-absent': No such file or directory", errors)


if __name__ == "__main__":
    unittest.main()
