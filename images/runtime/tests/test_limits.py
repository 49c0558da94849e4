from __future__ import annotations

import unittest

from rehearsal_runtime import limits


class ServerError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("refused")
        self.sqlstate = sqlstate


class OlderServerError(Exception):
    pgcode = "40P01"


class WaitedInVain(unittest.TestCase):
    def raised_from(self, cause: Exception) -> Exception:
        try:
            raise RuntimeError("as a framework wraps it") from cause
        except RuntimeError as error:
            return error

    def test_is_told_by_the_servers_code_whichever_driver_raised_it(self) -> None:
        self.assertTrue(limits.waited_in_vain(ServerError("55P03")))
        self.assertTrue(limits.waited_in_vain(self.raised_from(OlderServerError())))
        self.assertFalse(limits.waited_in_vain(self.raised_from(ServerError("57014"))))
        self.assertFalse(limits.waited_in_vain(RuntimeError("lock timeout")))


class Repeatable(unittest.TestCase):
    def test_is_what_does_all_or_nothing(self) -> None:
        for sql in (
            "ALTER TABLE flight ADD COLUMN do_not_begin text",
            "DROP INDEX CONCURRENTLY named",
            'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "a ""b""" ON flight (id)',
            "-- COMMIT;\nUPDATE flight SET id = id",
            "UPDATE flight SET id = 1; UPDATE flight SET id = 2",
        ):
            with self.subTest(sql):
                self.assertTrue(limits._repeatable(sql))

    def test_is_not_what_commits_on_its_way_or_leaves_what_nobody_can_name(self) -> None:
        for sql in (
            "BEGIN; ALTER TABLE flight ADD COLUMN a text; COMMIT",
            "UPDATE flight SET id = 1;\n COMMIT; UPDATE flight SET id = 2",
            "/* now */ CALL refill()",
            "DO $$ BEGIN COMMIT; END $$",
            "REINDEX INDEX CONCURRENTLY named",
            "ALTER TABLE flight DETACH PARTITION flight_2020 CONCURRENTLY",
            "CREATE INDEX CONCURRENTLY ON flight (id)",
        ):
            with self.subTest(sql):
                self.assertFalse(limits._repeatable(sql))

    def test_an_index_is_known_by_its_name_in_the_catalogue(self) -> None:
        for sql, name in (
            ('CREATE INDEX CONCURRENTLY "Mixed ""Case""" ON flight (id)', 'Mixed "Case"'),
            ("create unique index concurrently if not exists Folded on flight (id)", "folded"),
            ("CREATE INDEX named ON flight (id)", None),
        ):
            with self.subTest(sql):
                self.assertEqual(limits._index_built_concurrently(sql), name)


class Pauses(unittest.TestCase):
    def test_grow_to_a_limit_and_differ(self) -> None:
        for attempt, middle in ((1, 0.5), (2, 1), (3, 2), (4, 4), (5, 5), (10, 5)):
            pauses = {limits._seconds(attempt) for _ in range(50)}
            self.assertGreater(len(pauses), 1)
            self.assertTrue(all(0.75 * middle <= pause <= 1.25 * middle for pause in pauses))


if __name__ == "__main__":
    unittest.main()
