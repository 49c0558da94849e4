from __future__ import annotations

import re
import unittest
from unittest import mock

from rehearsal_runtime import smoke_patience
from rehearsal_runtime.smoke_operation import Refused


class InTime(unittest.TestCase):
    def test_fails_where_a_pattern_tries_all_ways(self) -> None:
        pattern = re.compile(r"([a-z]+[ .]*)+")
        text = next(smoke_patience.fitting(80))
        with mock.patch.object(smoke_patience, "SECONDS", 0.2), self.assertRaises(Refused) as refused:
            smoke_patience.answered_in_time(lambda: pattern.fullmatch(text), text)
        self.assertIn("no answer within 0.2 s to 62 letters such as 'aaa'... '!2'", str(refused.exception))

    def test_gives_what_is_answered(self) -> None:
        self.assertEqual(smoke_patience.answered_in_time(lambda: 7, "x"), 7)

    def test_keeps_the_ends_of_texts_that_are_too_long(self) -> None:
        self.assertEqual(next(smoke_patience.fitting(10)), "aaaaaaaa!2")
        self.assertTrue(all(len(text) <= 10 for text in smoke_patience.fitting(10)))
        self.assertEqual(tuple(smoke_patience.fitting(None)), smoke_patience.PUMPED)


if __name__ == "__main__":
    unittest.main()
