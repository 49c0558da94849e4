from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

RUNTIME = Path(__file__).resolve().parent.parent

WORK = """
import sys
from rehearsal_runtime import worker
worker.RUNTIME = sys.argv[1]
worker.SILENCE_SECONDS = 0.5
sys.exit(worker.Worker(sys.argv[2:]).run())
"""

# Stands in for the companion: says a line of its script each time that it is asked to go on or a moment passes.
COMPANION = """
import os, select, sys
print("looking", file=sys.stderr, flush=True)
for line in {lines!r}:
    if line == "ended":
        while b"ended" not in os.read(0, 100): pass
    else:
        print(line, flush=True)
        select.select([0], [], [], 0.3)
while os.read(0, 100): pass
"""

COMMAND = """
import signal, sys, time
def stop(number, frame):
    print("stopped", flush=True)
    sys.exit({code})
signal.signal(signal.SIGTERM, stop)
print("begun", flush=True)
while True:
    time.sleep(0.05)
"""


class Working(unittest.TestCase):
    def start(self, companion: str, code: int = 0) -> subprocess.Popen[str]:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        (Path(directory.name) / "__main__.py").write_text(companion)
        process = subprocess.Popen(
            [sys.executable, "-c", WORK, directory.name, sys.executable, "-c", COMMAND.format(code=code)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(RUNTIME)},
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def lines(self, process: subprocess.Popen[str], count: int) -> list[str]:
        assert process.stdout is not None
        return [process.stdout.readline().strip() for _ in range(count)]

    def stop(self, process: subprocess.Popen[str]) -> int:
        process.send_signal(signal.SIGTERM)
        return process.wait(10)

    def test_the_command_rests_when_it_is_told_to_and_starts_again_whatever_it_ended_with(self) -> None:
        process = self.start(COMPANION.format(lines=["go a", "wait", "ended", "wait", "go a"]), code=3)
        self.assertEqual(self.lines(process, 3), ["begun", "stopped", "begun"])
        self.assertEqual(self.stop(process), 3)

    def test_the_command_does_not_start_before_it_may(self) -> None:
        process = self.start(COMPANION.format(lines=["wait", "wait", "wait", "wait"]))
        assert process.stderr is not None
        self.assertEqual(process.stderr.readline(), "looking\n")
        self.assertIsNone(process.poll())
        self.assertEqual(self.stop(process), 0)
        self.assertEqual(process.communicate()[0], "")

    def test_the_command_starts_without_a_companion(self) -> None:
        process = self.start("raise SystemExit(1)")
        self.assertEqual(self.lines(process, 1), ["begun"])
        self.assertEqual(self.stop(process), 0)
        self.assertIn("nothing was heard of migrators", process.communicate()[1])

    def test_the_end_of_a_command_that_nobody_asked_for_is_the_workers(self) -> None:
        process = self.start(COMPANION.format(lines=["go a"]), code=7)
        self.assertEqual(self.lines(process, 1), ["begun"])
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[-1]), signal.SIGTERM)
        self.assertEqual(process.wait(10), 7)


if __name__ == "__main__":
    unittest.main()
