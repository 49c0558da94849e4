from __future__ import annotations

import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from rehearsal_runtime import secrets
from rehearsal_runtime.failure import Failure


class FromFiles(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def test_takes_files_with_names_of_variables_and_drops_one_line_feed(self) -> None:
        (self.directory / "DATABASE_URL").write_text("postgres://database\n")
        (self.directory / "CERTIFICATE").write_text("first\nsecond\n\n")
        (self.directory / "tls.key").write_text("not a variable")
        (self.directory / "lower_case").write_text("not a variable")
        self.assertEqual(
            secrets.from_files(self.directory),
            {"CERTIFICATE": "first\nsecond\n", "DATABASE_URL": "postgres://database"},
        )

    def test_there_may_be_none(self) -> None:
        self.assertEqual(secrets.from_files(self.directory / "absent"), {})

    def test_names_the_file_that_is_not_text(self) -> None:
        (self.directory / "BROKEN").write_bytes(b"\xff\xfe\xff")
        with self.assertRaisesRegex(Failure, "the secret BROKEN must be a readable UTF-8 file"):
            secrets.from_files(self.directory)


class FromStdin(unittest.TestCase):
    def read(self, text: str) -> dict[str, str]:
        with mock.patch("sys.stdin", io.StringIO(text)):
            return secrets.from_stdin()

    def test_takes_an_object_of_strings(self) -> None:
        self.assertEqual(self.read('{"DATABASE_URL": "x"}'), {"DATABASE_URL": "x"})

    def test_leaves_the_lines_after_it_to_the_command(self) -> None:
        with mock.patch("sys.stdin", io.StringIO('{"DATABASE_URL": "x"}\nonce\nend\n')) as stdin:
            self.assertEqual(secrets.from_stdin(), {"DATABASE_URL": "x"})
            self.assertEqual(stdin.read(), "once\nend\n")

    def test_does_not_wait_for_the_end_of_standard_input(self) -> None:
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        os.write(writing, b'{"A": "x"}\n')
        with os.fdopen(reading) as pipe, mock.patch("sys.stdin", pipe):
            self.assertEqual(secrets.from_stdin(), {"A": "x"})

    def test_refuses_anything_else_without_showing_it(self) -> None:
        for text in ("hunter2", '["hunter2"]', '{"A": {"hunter2": 1}}', '{"A": 5}', '{"lower": "hunter2"}'):
            with self.subTest(text), self.assertRaises(Failure) as raised:
                self.read(text)
            self.assertNotIn("hunter2", str(raised.exception))


if __name__ == "__main__":
    unittest.main()
