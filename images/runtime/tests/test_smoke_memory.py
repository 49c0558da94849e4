"""Memory that something takes at its peak."""

from __future__ import annotations

import os
import sys
import time
import unittest
from contextlib import nullcontext
from unittest import mock

from rehearsal_runtime import smoke_memory, smoke_operation
from rehearsal_runtime.smoke_memory import Peak
from rehearsal_runtime.smoke_operation import Operation

MIB = 1024 * 1024


def take(mebibytes: int) -> None:
    """Has so much for a moment."""
    bytearray(os.urandom(1)) * (mebibytes * MIB)


@unittest.skipUnless(sys.platform == "linux" and os.access("/proc/self/clear_refs", os.W_OK), "the kernel does not count")
class Beyond(unittest.TestCase):
    def test_is_the_peak_although_it_is_free_again(self) -> None:
        peak = Peak()
        take(48)
        self.assertAlmostEqual((peak.beyond() or 0) / MIB, 48, delta=4)

    def test_is_nothing_for_little_nor_for_what_was_there_before(self) -> None:
        take(48)
        kept = bytearray(os.urandom(1)) * (24 * MIB)
        peak = Peak()
        take(1)
        self.assertEqual(peak.beyond(), 0)
        self.assertEqual(len(kept), 24 * MIB)

    def test_has_what_was_taken_before_handed_back(self) -> None:
        with mock.patch.object(smoke_memory, "_hand_back") as hand_back:
            Peak().beyond()
            Peak().beyond()
            hand_back.assert_not_called()
            peak = Peak()
            take(20)
            peak.beyond()
            hand_back.assert_not_called()
            Peak().beyond()
            Peak().beyond()
            hand_back.assert_called_once_with()

    def test_is_found_again_by_an_operation_after_one_that_took_as_much(self) -> None:
        for _ in range(2):
            peak = Peak()
            # Small parts, which the C library keeps when they are freed.
            parts = [os.urandom(2000) for _ in range(20_000)]
            parts.clear()
            self.assertGreater(peak.beyond() or 0, 30 * MIB)

    def test_costs_little(self) -> None:
        def seconds() -> float:
            began = time.perf_counter()
            Peak().beyond()
            return time.perf_counter() - began

        # The machine may be busy with something else.
        self.assertLess(min(seconds() for _ in range(100)), 0.001)

    def test_is_told_in_the_event_of_the_operation(self) -> None:
        def event(mebibytes: int) -> dict[str, object]:
            with (
                mock.patch.object(smoke_operation, "undone", nullcontext),
                mock.patch.object(smoke_operation, "_statements_noted", nullcontext),
            ):
                return smoke_operation.perform(Operation("GET /", lambda: take(mebibytes))).event()

        memory = event(32)["memory"]
        assert isinstance(memory, int)
        self.assertAlmostEqual(memory / MIB, 32, delta=4)
        self.assertEqual(event(0)["memory"], 0)
        with mock.patch.object(smoke_memory, "_CLEAR_REFS", "/proc/self/absent/file"):
            self.assertNotIn("memory", event(32))


class Unknown(unittest.TestCase):
    def test_is_nothing_where_the_kernel_does_not_count(self) -> None:
        for name in ("_CLEAR_REFS", "_STATUS"):
            with self.subTest(name), mock.patch.object(smoke_memory, name, "/proc/self/absent/file"):
                peak = Peak()
                take(32)
                self.assertIsNone(peak.beyond())


if __name__ == "__main__":
    unittest.main()
