from __future__ import annotations

import unittest

from rehearsal_runtime.lint_sql import Known, keeps_file, lint


def known(**more: object) -> Known:
    """Of a release with one table."""
    return Known(
        columns={"shop_order": {"id", "note", "total"}},
        types={("shop_order", "note"): "varchar(20)", ("shop_order", "total"): "integer"},
        **more,  # type: ignore[arg-type]
    )


def found(*sql: str, atomic: bool = True, of: Known | None = None) -> list[str]:
    """The rules that these statements of one migration break."""
    findings, _altered = lint("shop.0002_next", atomic, list(sql), of or known())
    return [f"{each['severity']} {each['id'].removeprefix('migration.')} {each['subject']}" for each in findings]


class Faults(unittest.TestCase):
    def test_each_is_named_with_its_subject(self) -> None:
        for sql, expected in (
            ('CREATE INDEX "i" ON "shop_order" ("note")', "warning index-blocks-writes shop_order"),
            ("create index i on shop_order using gin (note)", "warning index-blocks-writes shop_order"),
            ('DROP INDEX "i"', "note index-dropped i"),
            ("REINDEX TABLE shop_order", "warning reindex-blocks REINDEX TABLE shop_order"),
            ('ALTER TABLE "shop_order" ADD CONSTRAINT "c" CHECK ("total" > 0)', "warning constraint-scans c"),
            (
                'ALTER TABLE "shop_order" ADD CONSTRAINT "c" FOREIGN KEY ("u") REFERENCES "u" ("id") DEFERRABLE',
                "warning constraint-scans c",
            ),
            ('ALTER TABLE "shop_order" ADD CONSTRAINT "c" UNIQUE ("note")', "warning unique-on-existing c"),
            (
                'ALTER TABLE "shop_order" ALTER COLUMN "total" TYPE bigint USING "total"::bigint',
                "warning type-rewrites shop_order.total",
            ),
            ('ALTER TABLE "shop_order" ALTER COLUMN "note" SET NOT NULL', "warning not-null-scans shop_order.note"),
            (
                'ALTER TABLE "shop_order" ADD COLUMN "paid" boolean NOT NULL',
                "warning not-null-without-default shop_order.paid",
            ),
            ('ALTER TABLE "shop_order" DROP COLUMN "note" CASCADE', "warning column-dropped shop_order.note"),
            ('ALTER TABLE "shop_order" RENAME COLUMN "note" TO "n"', "warning column-renamed shop_order.note"),
            ('DROP TABLE "shop_order" CASCADE', "warning table-dropped shop_order"),
            ('ALTER TABLE "shop_order" RENAME TO "o"', "warning table-renamed shop_order"),
            ("SET LOCAL lock_timeout = '0'", "warning limits-disabled lock_timeout"),
            ('ALTER TABLE "weather" SET UNLOGGED', "blocking unlogged weather"),
            ("CREATE UNLOGGED TABLE hits (n int)", "warning unlogged hits"),
            ("SET statement_timeout TO DEFAULT", "warning limits-disabled statement_timeout"),
            ("SELECT set_config('lock_timeout', '0', true)", "warning limits-disabled lock_timeout"),
        ):
            with self.subTest(sql):
                self.assertEqual(found(sql), [expected])

    def test_a_default_that_is_dropped_again_is_none(self) -> None:
        self.assertEqual(
            found(
                'ALTER TABLE "shop_order" ADD COLUMN "kind" varchar(9) DEFAULT \'x\' NOT NULL',
                'ALTER TABLE "shop_order" ALTER COLUMN "kind" DROP DEFAULT',
            ),
            ["warning not-null-without-default shop_order.kind"],
        )

    def test_a_new_column_that_a_later_migration_makes_required_has_no_default_either(self) -> None:
        state = known()
        self.assertEqual(found('ALTER TABLE "shop_order" ADD COLUMN "paid" boolean NULL', of=state), [])
        self.assertEqual(
            found('ALTER TABLE "shop_order" ALTER COLUMN "paid" SET NOT NULL', of=state),
            ["warning not-null-scans shop_order.paid", "warning not-null-without-default shop_order.paid"],
        )

    def test_concurrently_inside_a_transaction_can_never_work(self) -> None:
        sql = 'CREATE INDEX CONCURRENTLY "i" ON "shop_order" ("note")'
        self.assertEqual(found(sql), [f"blocking concurrently-in-transaction {sql}"])

    def test_a_constraint_validated_in_the_transaction_that_adds_it_gains_nothing(self) -> None:
        self.assertEqual(
            found(
                'ALTER TABLE "shop_order" ADD CONSTRAINT "c" CHECK ("total" > 0) NOT VALID',
                'ALTER TABLE "shop_order" VALIDATE CONSTRAINT "c"',
            ),
            ["warning validates-at-once c"],
        )

    def test_several_actions_of_one_statement_are_told_apart(self) -> None:
        self.assertEqual(
            found(
                'ALTER TABLE "shop_order" ADD COLUMN "a" int NULL, DROP COLUMN "note", ALTER COLUMN "total" TYPE text'
            ),
            ["warning column-dropped shop_order.note", "warning type-rewrites shop_order.total"],
        )

    def test_what_no_model_of_the_outgoing_release_has_may_go_with_a_note(self) -> None:
        self.assertEqual(found('ALTER TABLE "shop_order" DROP COLUMN "old"'), ["note column-dropped shop_order.old"])

    def test_a_table_that_is_small_for_sure_weighs_little(self) -> None:
        sql = 'CREATE INDEX "i" ON "shop_order" ("note")'
        self.assertEqual(found(sql, of=known(bytes={"shop_order": 8192})), ["note index-blocks-writes shop_order"])
        self.assertEqual(
            found(sql, of=known(bytes={"shop_order": 1 << 30})), ["warning index-blocks-writes shop_order"]
        )

    def test_a_lock_that_is_waited_for_without_end_is_named_where_the_settings_say_so(self) -> None:
        self.assertEqual(
            found('ALTER TABLE "shop_order" ADD COLUMN "a" int NULL', of=known(unlimited=True)),
            ["warning no-lock-timeout shop_order"],
        )


class Clean(unittest.TestCase):
    def test_nothing_is_found_in_migrations_that_are_made_well(self) -> None:
        for sql in (
            'ALTER TABLE "shop_order" ADD COLUMN "paid" boolean NULL',
            'ALTER TABLE "shop_order" ADD COLUMN "paid" boolean DEFAULT false NOT NULL',
            'ALTER TABLE "shop_order" ADD COLUMN "user_id" integer NULL CONSTRAINT "f" REFERENCES "u" ("id")',
            'ALTER TABLE "shop_order" ALTER COLUMN "note" TYPE varchar(40)',
            'ALTER TABLE "shop_order" ALTER COLUMN "note" DROP NOT NULL',
            'ALTER TABLE "shop_order" ADD CONSTRAINT "c" CHECK ("note" IS NOT NULL) NOT VALID',
            'ALTER TABLE "shop_order" VALIDATE CONSTRAINT "of_the_migration_before"',
            'ALTER TABLE "shop_order" ADD CONSTRAINT "c" UNIQUE USING INDEX "i"',
            'ALTER TABLE "shop_order" DROP CONSTRAINT "c"',
            'ALTER INDEX "i" RENAME TO "j"',
            "SET LOCAL lock_timeout = '2s'",
            "UPDATE shop_order SET note = 'DROP TABLE, SET lock_timeout = 0'",
            'COMMENT ON COLUMN "shop_order"."note" IS \'never NOT NULL\'',
        ):
            with self.subTest(sql):
                self.assertEqual(found(sql), [])

    def test_concurrent_indexes_outside_of_a_transaction(self) -> None:
        self.assertEqual(found('CREATE UNIQUE INDEX CONCURRENTLY "i" ON "shop_order" ("note")', atomic=False), [])
        self.assertEqual(found('ALTER TABLE "shop_order" ADD COLUMN "a" int NULL', atomic=False), [])

    def test_whatever_happens_to_tables_that_pending_migrations_make(self) -> None:
        state = known()
        self.assertEqual(found('CREATE TABLE "shop_new" ("id" bigint NOT NULL PRIMARY KEY)', of=state), [])
        self.assertEqual(
            found(
                'CREATE INDEX "i" ON "shop_new" ("id")',
                'ALTER TABLE "shop_new" ADD CONSTRAINT "c" FOREIGN KEY ("o") REFERENCES "shop_order" ("id")',
                'ALTER TABLE "shop_new" ALTER COLUMN "id" TYPE text',
                'ALTER TABLE "shop_new" RENAME TO "shop_newer"',
                'DROP TABLE "shop_newer"',
                of=state,
            ),
            [],
        )

    def test_a_column_that_pending_migrations_make_may_go_again(self) -> None:
        state = known()
        found('ALTER TABLE "shop_order" ADD COLUMN "a" int NULL', of=state)
        self.assertEqual(found('ALTER TABLE "shop_order" DROP COLUMN "a"', of=state), [])

    def test_not_null_needs_no_scan_where_a_valid_constraint_says_it_already(self) -> None:
        state = known()
        add = 'ALTER TABLE "shop_order" ADD CONSTRAINT "c" CHECK ("note" IS NOT NULL) NOT VALID'
        required = 'ALTER TABLE "shop_order" ALTER COLUMN "note" SET NOT NULL'
        self.assertEqual(found(add, of=state), [])
        self.assertEqual(len(found(required, of=state)), 1)
        self.assertEqual(found('ALTER TABLE "shop_order" VALIDATE CONSTRAINT "c"', of=state), [])
        self.assertEqual(found(required, of=state), [])


class Types(unittest.TestCase):
    def test_tells_which_changes_write_the_table_anew(self) -> None:
        for old, new in (
            ("varchar(10)", "varchar(20)"),
            ("varchar(10)", "text"),
            ("text", "varchar"),
            ("numeric(6, 2)", "numeric(9, 2)"),
            ("numeric(6,2)", "numeric"),
            ("cidr", "inet"),
        ):
            self.assertTrue(keeps_file(old, new), f"{old} to {new}")
        for old, new in (
            ("varchar(20)", "varchar(10)"),
            ("text", "varchar(10)"),
            ("numeric(6, 2)", "numeric(9, 3)"),
            ("integer", "bigint"),
            ("char(3)", "text"),
            ("varchar(10)", "integer"),
        ):
            self.assertFalse(keeps_file(old, new), f"{old} to {new}")


if __name__ == "__main__":
    unittest.main()
