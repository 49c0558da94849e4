from __future__ import annotations

import os
import unittest
from unittest import mock

from rehearsal_runtime import settings
from rehearsal_runtime.failure import Failure


class Number(unittest.TestCase):
    def test_falls_back_when_unset_or_empty(self) -> None:
        with mock.patch.dict(os.environ, {"EMPTY": ""}):
            self.assertEqual(settings.number("EMPTY", 3), 3)
            self.assertEqual(settings.number("SURELY_UNSET", 4), 4)

    def test_takes_fractions_and_zero(self) -> None:
        with mock.patch.dict(os.environ, {"HALF": "0.5", "ZERO": "0"}):
            self.assertEqual(settings.number("HALF", 3), 0.5)
            self.assertEqual(settings.number("ZERO", 3), 0)

    def test_refuses_what_is_no_length_of_time(self) -> None:
        for text in ("5s", "-1", "nan", "inf", "ten"):
            with self.subTest(text), mock.patch.dict(os.environ, {"WAIT": text}):
                with self.assertRaisesRegex(Failure, f"WAIT must be a number of at least 0; found '{text}'"):
                    settings.number("WAIT", 3)


class FirstHost(unittest.TestCase):
    def test_is_one_that_the_project_lets_through(self) -> None:
        for allowed, expected in (
            ("www.example.com,example.com", "www.example.com"),
            (" .example.com", "example.com"),
            ("*.example.com,www", "example.com"),
            ("*, www.example.com", "www.example.com"),
            ("*", "localhost"),
            ("", "localhost"),
        ):
            with self.subTest(allowed), mock.patch.dict(os.environ, {"DJANGO_ALLOWED_HOSTS": allowed}):
                self.assertEqual(settings.first_host(), expected)


if __name__ == "__main__":
    unittest.main()
