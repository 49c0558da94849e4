from __future__ import annotations

import unittest

from rehearsal_runtime import lock_modes, sql_text
from rehearsal_runtime.ddl import changes


class Texts(unittest.TestCase):
    def test_writes_statements_alike_and_leaves_quoted_text_alone(self) -> None:
        self.assertEqual(
            sql_text.plain("alter table\n  shop -- why\n add column note text default 'a  table' ;"),
            "ALTER TABLE shop ADD COLUMN note text DEFAULT 'a  table'",
        )

    def test_splits_where_a_semicolon_ends_a_statement_and_nowhere_else(self) -> None:
        self.assertEqual(
            sql_text.statements("UPDATE t SET a = ';' /* ; */; DO $x$ BEGIN a; END $x$;\n"),
            ["UPDATE t SET a = ';'", "DO $x$ BEGIN a; END $x$"],
        )

    def test_gives_executions_with_other_values_one_shape(self) -> None:
        update = 'UPDATE "t" SET "a" = CASE {} ELSE NULL END WHERE "t"."id" IN ({})'
        self.assertEqual(
            sql_text.shape(update.format('WHEN ("t"."id" = %s) THEN %s ' * 2, "%s, %s")),
            sql_text.shape(update.format('WHEN ("t"."id" = %s) THEN %s ' * 9, "%s, %s, %s, %s")),
        )
        self.assertEqual(
            sql_text.shape("DELETE FROM t WHERE a = 'x' AND b = 12"), "DELETE FROM t WHERE a = ? AND b = ?"
        )
        self.assertNotEqual(sql_text.shape('UPDATE "a1" SET b = 1'), sql_text.shape('UPDATE "a2" SET b = 1'))

    def test_tells_bookkeeping_from_statements_of_the_migration(self) -> None:
        for own in (
            'INSERT INTO "django_migrations" ("app") VALUES (%s)',
            "SELECT c.conname FROM pg_catalog.pg_constraint AS c",
            'SAVEPOINT "s1"',
            'RELEASE SAVEPOINT "s1"',
        ):
            self.assertTrue(sql_text.is_bookkeeping(own), own)
        for other in (
            "UPDATE t SET note = 'pg_catalog.'",
            "INSERT INTO notes VALUES ('django_migrations')",
            "CREATE TABLE django_migrations_of_mine (a int)",
            "SELECT a FROM t WHERE b = 'pg_class'",
        ):
            self.assertFalse(sql_text.is_bookkeeping(other), other)

    def test_folds_only_single_statements_on_rows(self) -> None:
        self.assertTrue(sql_text.is_data("with x as (select 1) update t set a = 1"))
        self.assertFalse(sql_text.is_data("UPDATE t SET a = 1; ALTER TABLE t ADD b int"))
        self.assertFalse(sql_text.is_data("ALTER TABLE t ADD b int"))
        self.assertTrue(sql_text.is_write("WITH x AS (SELECT 1) UPDATE t SET a = 1"))
        self.assertFalse(sql_text.is_write("SELECT a FROM t FOR UPDATE"))


class Locks(unittest.TestCase):
    def test_names_the_lock_that_the_manual_gives_for_a_statement(self) -> None:
        for sql, expected in (
            ('ALTER TABLE "a" ALTER COLUMN "b" SET NOT NULL', {"a": "AccessExclusiveLock"}),
            ("ALTER TABLE a VALIDATE CONSTRAINT c", {"a": "ShareUpdateExclusiveLock"}),
            (
                "ALTER TABLE public.a ADD CONSTRAINT c FOREIGN KEY (b) REFERENCES d (id)",
                {"a": "ShareRowExclusiveLock", "d": "ShareRowExclusiveLock"},
            ),
            ("CREATE INDEX i ON a (b)", {"a": "ShareLock"}),
            ("create unique index concurrently if not exists i on a (b)", {"a": "ShareUpdateExclusiveLock"}),
            ("UPDATE a SET b = 1; TRUNCATE other.a", {"a": "RowExclusiveLock", "other.a": "AccessExclusiveLock"}),
            ("SET lock_timeout = 0", {}),
        ):
            self.assertEqual(lock_modes.taken_by(sql), expected, sql)

    def test_keeps_the_stronger_of_two_locks(self) -> None:
        self.assertEqual(
            lock_modes.taken_by("UPDATE a SET b = 1; ALTER TABLE a DROP c; SELECT 1 FROM a"),
            {"a": "AccessExclusiveLock"},
        )


class Changes(unittest.TestCase):
    def test_takes_the_actions_of_one_statement_apart(self) -> None:
        found = list(changes('ALTER TABLE ONLY "a" ADD COLUMN "b" numeric(3, 1), DROP COLUMN IF EXISTS c CASCADE'))
        self.assertEqual(
            [(change.table, change.added, change.column) for change in found], [("a", "b", "b"), ("a", "", "c")]
        )

    def test_tells_constraints_from_columns(self) -> None:
        (change,) = changes('ALTER TABLE "a" ADD CONSTRAINT "few, or none" CHECK (b < 3)')
        self.assertEqual((change.constraint, change.column), ("few, or none", ""))
        (change,) = changes("ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c")
        self.assertEqual(change.column, "")

    def test_names_every_table_that_is_dropped(self) -> None:
        self.assertEqual([change.table for change in changes('DROP TABLE IF EXISTS "a", b CASCADE')], ["a", "b"])


if __name__ == "__main__":
    unittest.main()
