from __future__ import annotations

import threading
import unittest
from unittest import mock

from rehearsal_runtime import progress


class Telling(unittest.TestCase):
    def test_names_a_migration_that_takes_long_and_no_other(self) -> None:
        told = threading.Event()
        heard: list[str] = []

        def say(message: str) -> None:
            heard.append(message)
            told.set()

        seen: list[str] = []
        command = mock.Mock()
        command.migration_progress_callback = lambda action, migration=None, fake=False: seen.append(action)
        with mock.patch.object(progress, "say", say):
            listener = progress.Progress(first=0.2, following=60)
            listener.attach(command)
            command.migration_progress_callback("apply_start", "app.0001_quick", False)
            command.migration_progress_callback("apply_success", "app.0001_quick", False)
            command.migration_progress_callback("apply_start", "app.0002_slow", False)
            self.assertTrue(told.wait(10))
            command.migration_progress_callback("apply_success", "app.0002_slow", False)
        self.assertEqual(heard, ["app.0002_slow still runs after 0 s"])
        self.assertEqual(seen, ["apply_start", "apply_success", "apply_start", "apply_success"])


if __name__ == "__main__":
    unittest.main()
