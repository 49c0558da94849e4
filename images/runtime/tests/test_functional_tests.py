from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import unittest
from unittest import mock

from rehearsal_runtime import functional_tests
from rehearsal_runtime.failure import Failure


class FunctionalTests(unittest.TestCase):
    def setUp(self) -> None:
        patch = mock.patch.dict(os.environ)
        patch.start()
        self.addCleanup(patch.stop)
        os.environ.pop("BASE_URL_AUTHORITY", None)
        # A pipe that nobody closes is whoever started the tests, and waits for them.
        reading, self.writing = os.pipe()
        self.stdin = os.fdopen(reading, "rb")
        self.addCleanup(self.stdin.close)

    def tearDown(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.writing)

    def run_python(self, code: str) -> tuple[int, str]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exit_code = functional_tests.run([sys.executable, "-c", code], self.stdin)
        return exit_code, said.getvalue()

    def test_hands_the_report_on_and_returns_the_exit_code(self) -> None:
        code = "import os, sys; open(os.environ['JUNIT_XML'], 'w').write('<testsuite/>'); sys.exit(3)"
        exit_code, said = self.run_python(code)
        self.assertEqual((exit_code, json.loads(said)), (3, {"report": "<testsuite/>"}))

    def test_says_nothing_on_standard_output_without_a_report(self) -> None:
        self.assertEqual(self.run_python("pass"), (0, ""))

    def test_leaves_a_report_out_that_is_too_large(self) -> None:
        code = "import os; open(os.environ['JUNIT_XML'], 'w').write('<testsuite/>')"
        with mock.patch.object(functional_tests, "LARGEST_REPORT", 3), contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(self.run_python(code), (0, ""))

    def test_ends_the_tests_when_whoever_started_them_is_gone(self) -> None:
        os.close(self.writing)
        self.assertEqual(self.run_python("import time; time.sleep(600)"), (137, ""))

    def test_ends_well_while_standard_input_is_open(self) -> None:
        code = (
            "import sys; from rehearsal_runtime import functional_tests; "
            "sys.exit(functional_tests.run([sys.executable, '-c', 'pass']))"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
            self.assertEqual(process.wait(60), 0)

    def test_names_a_command_that_is_not_there(self) -> None:
        with self.assertRaisesRegex(Failure, "must be an executable of the image; found 'absent-command'"):
            functional_tests.run(["absent-command"], self.stdin)
