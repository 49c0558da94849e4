"""What a reviewer reads of each rule: cause, consequence, remedy. ``{subject}`` and others are filled in."""

from __future__ import annotations

from typing import Any, NamedTuple


class Text(NamedTuple):
    severity: str
    cause: str
    consequence: str
    remedy: str


TEXTS: dict[str, Text] = {
    "migration.index-blocks-writes": Text(
        "{severity}",
        "CREATE INDEX without CONCURRENTLY on {table}, which has {size}",
        "every write to {table} waits until the index is built",
        "use AddIndexConcurrently in a migration with atomic = False",
    ),
    "migration.index-dropped": Text(
        "note",
        "an index that the outgoing release has is dropped",
        "queries that it served read the whole table from then on",
        "see in pg_stat_user_indexes of production that nothing uses it, and drop it with RemoveIndexConcurrently",
    ),
    "migration.reindex-blocks": Text(
        "warning",
        "REINDEX without CONCURRENTLY",
        "writes wait until the index is built, and reads that would use it",
        "use REINDEX ... CONCURRENTLY in a migration with atomic = False",
    ),
    "migration.constraint-scans": Text(
        "{severity}",
        "a constraint is added to {table}, which has {size}, without NOT VALID",
        "all rows are checked under a lock that blocks writes (and reads, for a check)",
        "add it NOT VALID (AddConstraintNotValid, or RunSQL), and validate it in a later migration",
    ),
    "migration.unique-on-existing": Text(
        "{severity}",
        "a unique constraint is added to {table}, which has {size}",
        "its index is built under a lock that blocks reads and writes, and duplicates make the migration fail",
        "build the unique index with CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT ... UNIQUE USING INDEX",
    ),
    "migration.type-rewrites": Text(
        "{severity}",
        "the type of {table}.{column} changes{types}, and the table has {size}",
        "the table and its indexes are written anew under a lock that blocks reads and writes",
        "add a column of the new type, fill it in batches, and switch over in later releases",
    ),
    "migration.not-null-scans": Text(
        "{severity}",
        "SET NOT NULL on {table}.{column}, which may hold nulls in {size}",
        "all rows are checked under a lock that blocks reads and writes, and one null makes the migration fail",
        "add CHECK ({column} IS NOT NULL) NOT VALID, validate it in a later migration, then SET NOT NULL needs no scan",
    ),
    "migration.not-null-without-default": Text(
        "warning",
        "the new column {table}.{column} is NOT NULL and has no default in the database",
        "inserts of the outgoing release, which does not know the column, fail",
        "give it a db_default (Django 5.0 and later), or make it nullable in this release",
    ),
    "migration.column-dropped": Text(
        "{severity}",
        "the column {table}.{column} is dropped{known}",
        "queries of the outgoing release that name it fail as long as it runs, and after a rollback",
        "take the field out of the models first (SeparateDatabaseAndState), and drop the column in the release after",
    ),
    "migration.column-renamed": Text(
        "{severity}",
        "the column {table}.{column} is renamed{known}",
        "queries of the outgoing release that name it fail as long as it runs, and after a rollback",
        "keep the column's name with db_column, or add a new column and move over in several releases",
    ),
    "migration.table-dropped": Text(
        "{severity}",
        "the table {table} is dropped{known}",
        "queries of the outgoing release on it fail as long as it runs, and after a rollback; its rows are lost",
        "take the model out first (SeparateDatabaseAndState), and drop the table in the release after",
    ),
    "migration.table-renamed": Text(
        "{severity}",
        "the table {table} is renamed{known}",
        "queries of the outgoing release on it fail as long as it runs, and after a rollback",
        "keep the table's name with db_table, or leave a view of the old name for one release",
    ),
    "migration.live-models": Text(
        "warning",
        "{subject} uses {model} as the code has it now, not as it was at this migration",
        "once the model has changed, the migration fails where it is run later: from zero, or in another environment",
        'take the model from the first argument: apps.get_model("app", "Model")',
    ),
    "migration.deletes-more": Text(
        "blocking",
        "on_delete of {subject} goes from {was} to CASCADE, of which no statement tells",
        "whoever deletes {target} deletes all rows of {table} that refer to it, where they {stayed} before",
        "leave on_delete as it was; where this is meant, say so in rehearsal:checks.accepted",
    ),
    "migration.fixed-key": Text(
        "blocking",
        "{subject} takes a row by a key that was given out by another database: {calls}",
        "where another row has that key, as in production, it is overwritten with all that refers to it",
        "look the row up by what it is known by (a code, a name), and let the database give out keys",
    ),
    "migration.python-irreversible": Text(
        "note",
        "{subject} has no reverse",
        "the migration cannot be taken back",
        "give RunPython a reverse_code; migrations.RunPython.noop where there is nothing to undo",
    ),
    "migration.sql-irreversible": Text(
        "note",
        "the SQL has no reverse",
        "the migration cannot be taken back",
        "give RunSQL a reverse_sql; migrations.RunSQL.noop where there is nothing to undo",
    ),
    "migration.mixes-data-and-schema": Text(
        "{severity}",
        "{subject} changes rows in the transaction in which {table} is altered, which has {size}",
        "the lock of the schema change is held until all rows are changed",
        "put the change of rows into a migration of its own",
    ),
    "migration.limits-disabled": Text(
        "warning",
        "the migration takes away {limit}",
        "a lock that is not to be had is waited for without end, and every query behind it waits too",
        "leave the limit that the deployment sets, which is tried again after a pause",
    ),
    "migration.unlogged": Text(
        "{severity}",
        "{subject} is not logged: it is in no backup of the server's files and on no replica",
        "it is empty after a crash of the server, and after each restore",
        "leave it logged; take UNLOGGED for what can be made again at any time, and say so in rehearsal:checks.accepted",
    ),
    "migration.no-lock-timeout": Text(
        "warning",
        "{table} is locked against reads and writes, and the settings say that a lock is waited for without end",
        "behind an open transaction every query on the table waits as long as the migration does",
        "set migration.lockTimeoutSeconds; a migration that does not get its lock is tried again",
    ),
    "migration.concurrently-in-transaction": Text(
        "blocking",
        "CONCURRENTLY in an atomic migration",
        "PostgreSQL refuses it inside of a transaction: the migration fails",
        "set atomic = False in this migration, and leave nothing else in it",
    ),
    "migration.validates-at-once": Text(
        "warning",
        "the constraint {subject} is validated in the transaction that adds it",
        "the scan runs under the strong lock of ADD CONSTRAINT, which NOT VALID was to avoid",
        "validate it in a migration of its own",
    ),
}


def finding(rule: str, migration: str, subject: str, evidence: list[str], **values: Any) -> dict[str, Any]:
    """One finding as the plan gives it."""
    filled = {"subject": subject, **values}
    severity, cause, consequence, remedy = (text.format(**filled) for text in TEXTS[rule])
    return {
        "id": rule,
        "severity": severity,
        "migration": migration,
        "subject": subject,
        "cause": cause,
        "consequence": consequence,
        "remedy": remedy,
        "evidence": evidence,
    }
