"""Builds the schema that another database must have, from the migrations that it has applied."""

from __future__ import annotations

from typing import Any
from unittest import mock

from . import database, project
from .apply import keys
from .failure import Failure
from .settings import number


def run(names: list[str]) -> int:
    """Applies the named migrations of the release, and no others, to an empty database; returns 0.

    Names that the release does not have are passed over, as they are where Django meets them.

    :raises Failure: when a name is wrong, the database cannot be reached, or is one that a migration has run on.
    """
    project.load()
    connection = database.connect(number("DATABASE_WAIT_SECONDS", 60))
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.loader.applied_migrations:
        raise Failure("a schema is built on an empty database; found one with migrations; make a new database for it")
    applied = _recorded(connection, keys(names))
    absent = [key for key in applied if key not in executor.loader.graph.nodes]
    if absent:
        raise Failure(
            f"what a squashed migration replaces must be applied wholly or not at all; found {'.'.join(absent[0])} applied "
            "without the others; finish the migrations that it replaces"
        )
    executor.migrate(applied)
    return 0


def _recorded(connection: Any, applied: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What Django takes as applied where those are recorded: squashed migrations in place of all that they replace."""
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.recorder import MigrationRecorder

    with mock.patch.object(MigrationRecorder, "applied_migrations", lambda _: dict.fromkeys(applied)):
        loader = MigrationLoader(connection)
    return [key for key in loader.applied_migrations if key in loader.graph.nodes]
