from __future__ import annotations

import unittest

from rehearsal_runtime import kill
from rehearsal_runtime.failure import Failure


class Points(unittest.TestCase):
    def test_are_all_statements_where_there_are_few(self) -> None:
        self.assertEqual(kill.points(3, 40), [1, 2, 3])
        self.assertEqual(kill.points(0, 40), [])

    def test_are_the_first_the_last_and_others_evenly_where_there_are_many(self) -> None:
        found = kill.points(1000, 5)
        self.assertEqual(found, [1, 251, 500, 750, 1000])
        self.assertEqual(len(kill.points(41, 40)), 40)

    def test_lie_farther_and_farther_apart_where_nobody_knows_how_many_there_are(self) -> None:
        self.assertEqual(kill.growing(8, 0), [1, 2, 3, 4, 6, 9, 13, 19])
        self.assertEqual(kill.growing(8, 4), [6, 9, 13, 19])


class Arguments(unittest.TestCase):
    def test_other_than_a_migration_and_a_statement_are_refused(self) -> None:
        for arguments in (
            ["--from"],
            ["--from", "shop:1"],
            ["--from", "shop.0001_x"],
            ["--from", "shop.0001_x:a"],
            ["x"],
        ):
            with self.assertRaisesRegex(Failure, "kill takes nothing, or --from APP.NAME:STATEMENT; found"):
                kill.run(arguments)


if __name__ == "__main__":
    unittest.main()
