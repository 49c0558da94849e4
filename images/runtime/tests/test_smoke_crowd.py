from __future__ import annotations

import unittest
from types import SimpleNamespace
from typing import Any
from unittest import mock

from rehearsal_runtime import smoke_crowd
from rehearsal_runtime.smoke_operation import Operation, Refused


class BeMany(unittest.TestCase):
    def told(self, answer: Any) -> str:
        """The error of many people who ask for a page."""
        errors: list[str] = []

        def perform(operation: Operation) -> None:
            try:
                operation.run()
                errors.append("")
            except Refused as error:
                errors.append(str(error))

        with (
            mock.patch.object(smoke_crowd, "client_of", lambda: SimpleNamespace(get=answer)),
            mock.patch.object(smoke_crowd, "administrations", lambda: iter(())),
            mock.patch.object(smoke_crowd, "shape", lambda path: path),
        ):
            smoke_crowd.be_many(["/api/a/", "/api/b/"], perform)
        (error,) = errors
        return error

    def test_fails_where_all_are_taken_for_one(self) -> None:
        asked: list[str] = []

        def limited(path: str, secure: bool, REMOTE_ADDR: str, HTTP_X_FORWARDED_FOR: str) -> Any:
            asked.append(HTTP_X_FORWARDED_FOR)
            return SimpleNamespace(status_code=200 if len(asked) <= 60 else 429)

        self.assertIn("after 60 people with one request each the next one is told 429", self.told(limited))
        self.assertEqual(len(set(asked)), 61)

    def test_lets_a_path_be_that_is_for_nobody(self) -> None:
        self.assertEqual(self.told(lambda path, **_: SimpleNamespace(status_code=403)), "")
        self.assertEqual(self.told(lambda path, **_: SimpleNamespace(status_code=200)), "")


if __name__ == "__main__":
    unittest.main()
