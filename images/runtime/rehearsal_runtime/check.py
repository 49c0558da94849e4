"""Readiness of the database for one release: reachable as this process's role, with all of its migrations applied."""

from __future__ import annotations

from . import database, project
from .failure import Failure
from .settings import number


def run() -> int:
    """Returns 0 when the release may start.

    :raises Failure: when the database cannot be reached in DATABASE_WAIT_SECONDS or lacks migrations of the release.
    """
    project.load()
    connection = database.connect(number("DATABASE_WAIT_SECONDS", 60))

    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    missing = [
        f"{app}.{name}"
        for app, name in sorted(loader.disk_migrations)
        if (app, name) in loader.graph.nodes and (app, name) not in loader.applied_migrations
    ]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise Failure(
            f"all migrations of the release must be applied before it serves; missing: {', '.join(missing[:5])}{more}; "
            "run its migrations first"
        )
    return 0
