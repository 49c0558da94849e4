"""Work that is done in a process of its own."""

import os
import unittest
from typing import Any
from unittest import mock

from django.conf import settings

from rehearsal_runtime import smoke_beside
from rehearsal_runtime.smoke_beside import Beside
from rehearsal_runtime.smoke_operation import Operation, Outcome, Perform


def performed(operation: Operation) -> Outcome:
    operation.statements = 3
    return Outcome(operation, 0, 0, None, None)


def pages(perform: Perform) -> list[Operation]:
    """Its operations are called after the process that does them."""
    operations = [Operation(f"{page} by {os.getpid()}", dict) for page in ("first", "second")]
    for operation in operations:
        perform(operation)
    return operations


def raises(perform: Perform) -> list[Operation]:
    raise LookupError("no such page")


def ends_the_process(perform: Perform) -> list[Operation]:
    perform(Operation("first", dict))
    os._exit(7)


@mock.patch.object(smoke_beside, "perform", performed)
class Work(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        if not settings.configured:
            settings.configure()

    def done(self, work: Any, threads: int = 1) -> tuple[list[Operation], list[tuple[Any, ...]]]:
        told: list[dict[str, Any]] = []
        # Servers of other tests may still have threads here.
        with mock.patch("threading.active_count", return_value=threads):
            operations = Beside("pages", work, told.append).join()
        return operations, [(event["operation"], event.get("statements"), event["error"]) for event in told]

    def test_is_told_as_it_is_done_and_comes_back(self) -> None:
        operations, told = self.done(pages)
        self.assertEqual([name for name, *_ in told], [operation.name for operation in operations])
        self.assertEqual([each[1:] for each in told], [(3, None), (3, None)])
        self.assertEqual([operation.statements for operation in operations], [3, 3])
        self.assertNotIn(str(os.getpid()), told[0][0])

    def test_that_fails_is_told_in_its_own_words(self) -> None:
        for threads in (1, 2):
            with self.subTest(threads=threads):
                operations, [(name, _, error)] = self.done(raises, threads)
                self.assertEqual((operations, name), ([], "pages"))
                self.assertTrue(error.startswith("LookupError: no such page"), error)

    def test_that_ends_the_process_is_told(self) -> None:
        operations, told = self.done(ends_the_process)
        self.assertEqual(operations, [])
        self.assertEqual(told[0][0], "first")
        self.assertEqual(told[1][0], "pages")
        self.assertIn("exit code 7", told[1][2])

    def test_is_done_in_this_process_where_that_has_threads(self) -> None:
        operations, told = self.done(pages, threads=2)
        self.assertEqual(told[0][0], f"first by {os.getpid()}")
        self.assertEqual(len(operations), 2)


if __name__ == "__main__":
    unittest.main()
