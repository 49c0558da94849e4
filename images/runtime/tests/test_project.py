from __future__ import annotations

import unittest

from rehearsal_runtime.project import reasons


def _driver() -> None:
    try:
        raise ImportError("no pq wrapper available.\nAttempts made:\n- libpq library not found")
    except ImportError:
        try:
            raise ModuleNotFoundError("No module named 'psycopg2'")
        except ModuleNotFoundError as error:
            raise RuntimeError("Error loading psycopg2 or psycopg module") from error


class Reasons(unittest.TestCase):
    def test_begin_with_the_last_error_and_end_with_the_first(self) -> None:
        with self.assertRaises(RuntimeError) as raised:
            _driver()
        self.assertEqual(
            reasons(raised.exception),
            "RuntimeError: Error loading psycopg2 or psycopg module, which came of ModuleNotFoundError: No module named 'psycopg2', "
            "which came of ImportError: no pq wrapper available. Attempts made: - libpq library not found",
        )

    def test_are_not_those_that_the_code_keeps_to_itself(self) -> None:
        try:
            try:
                raise KeyError("a")
            except KeyError:
                raise ValueError("unknown") from None
        except ValueError as error:
            self.assertEqual(reasons(error), "ValueError: unknown")
