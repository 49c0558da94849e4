"""The migrations that a release would run."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from . import database, project
from .failure import Failure
from .settings import number


def run() -> int:
    """Prints the plan as one JSON object on standard output, and returns 0.

    ``database`` is "reachable", or "absent" when it cannot be reached within DATABASE_WAIT_SECONDS (default 0 here);
    then all migrations are pending. ``pending`` is in the order of running. ``conflicts`` names the apps with several
    latest migrations, which Django refuses to run; ``inconsistencies`` what Django finds wrong with the history.
    """
    # Standard output belongs to the plan; whatever the project prints while it loads goes to standard error.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    # Before an environment's first deployment there are no secrets yet.
    project.use_placeholders()
    project.load()
    json.dump(_plan(), output)
    output.write("\n")
    output.close()
    return 0


def _plan() -> dict[str, Any]:
    from django.db import connection
    from django.db.migrations.exceptions import InconsistentMigrationHistory
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.loader import MigrationLoader

    inconsistencies: list[str] = []
    try:
        database.connect(number("DATABASE_WAIT_SECONDS", 0))
        reachable = True
    except Failure:
        reachable = False
    loader = MigrationLoader(connection if reachable else None)
    if reachable:
        try:
            loader.check_consistent_history(connection)
        except InconsistentMigrationHistory as error:
            inconsistencies.append(str(error))
    executor = MigrationExecutor(None)
    executor.loader = loader
    if not reachable:
        loader.applied_migrations = {}
    pending = executor.migration_plan(loader.graph.leaf_nodes())
    return {
        "database": "reachable" if reachable else "absent",
        "applied": sum(1 for key in loader.applied_migrations if key in loader.disk_migrations),
        "pending": [
            {
                "app": migration.app_label,
                "name": migration.name,
                "operations": [operation.describe() for operation in migration.operations],
            }
            for migration, _backwards in pending
        ],
        "conflicts": [
            f"{app} ({', '.join(sorted(names))})" for app, names in sorted(loader.detect_conflicts().items())
        ],
        "inconsistencies": inconsistencies,
    }
