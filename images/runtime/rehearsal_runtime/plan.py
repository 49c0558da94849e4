"""The migrations that a release would run."""

from __future__ import annotations

import re
from typing import Any

from . import database, project
from .collect import Collected, collect, read_only
from .ddl import changes
from .events import channel
from .failure import Failure
from .lint import Linter
from .lint_python import words_in
from .project_state import applied_state, pending
from .settings import number
from .sql_text import NAME, shape, statements, table_name

# Of tables that are no model's: those of statements that write to them.
_TABLES = re.compile(
    rf"\b(?:INSERT INTO|DELETE FROM|TRUNCATE(?: TABLE)?|REFERENCES)(?: ONLY)? ({NAME})|^UPDATE(?: ONLY)? ({NAME})"
)


def run() -> int:
    """Prints the plan as one JSON object on standard output, and returns 0.

    ``database`` is "reachable", or "absent" when it cannot be reached within DATABASE_WAIT_SECONDS (default 0 here);
    then all migrations are pending. ``pending`` is in the order of running, each with its SQL, the tables that it is
    about, and whether and how far it can be reversed. ``missing`` is what makemigrations would make and whether that is a matter
    of the database, ``lint`` what can be said before anything runs. ``conflicts`` names the apps with several latest migrations, which Django refuses to run;
    ``inconsistencies`` what Django finds wrong with the history, and ``unknown`` what it has applied that the release has no file of. Nothing is written to the database.
    """
    tell = channel()
    # Before an environment's first deployment there are no secrets yet.
    project.use_placeholders()
    project.load()
    tell(_plan())
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
        read_only(connection)
        try:
            loader.check_consistent_history(connection)
        except InconsistentMigrationHistory as error:
            inconsistencies.append(str(error))
    executor = MigrationExecutor(None)
    executor.loader = loader
    if not reachable:
        loader.applied_migrations = {}
    conflicts = loader.detect_conflicts()
    told: dict[str, Any] = {"pending": [], "lint": [], "missing": []}
    try:
        told |= _pending(executor, reachable)
        if not conflicts:
            told["missing"] = _missing(connection, reachable, loader)
    except Exception:
        # A history that is none may make no models; what Django says of it is the reason for that.
        if not inconsistencies:
            raise
    return {
        "database": "reachable" if reachable else "absent",
        "applied": sum(1 for key in loader.applied_migrations if key in loader.disk_migrations),
        **told,
        "unknown": _unknown(loader),
        "conflicts": [f"{app} ({', '.join(sorted(names))})" for app, names in sorted(conflicts.items())],
        "inconsistencies": inconsistencies,
    }


def _unknown(loader: Any) -> list[str]:
    """Migrations of the release's apps that the database has applied and that no file is of, nor replaces."""
    apps = {app for app, _ in loader.disk_migrations}
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    known = set(loader.disk_migrations) | replaced
    return sorted(f"{app}.{name}" for app, name in loader.applied_migrations if app in apps and (app, name) not in known)


def _pending(executor: Any, reachable: bool) -> dict[str, Any]:
    """The migrations that would run, and what can be said of them before they do."""
    from django.db import connection

    migrations, full_plan = pending(executor)
    state = applied_state(executor.loader, full_plan)
    linter = Linter(connection, reachable, state) if migrations else None
    planned = []
    for migration in migrations:
        before = state
        parts, state = collect(connection, reachable, before, migration, linter.known.made if linter else set())
        if linter:
            linter.migration(migration, parts, before, state)
        planned.append(_planned(migration, parts))
    return {"pending": planned, "lint": linter.findings if linter else []}


def _planned(migration: Any, parts: list[Collected]) -> dict[str, Any]:
    irreversible = [operation.describe() for operation in migration.operations if not operation.reversible]
    return {
        "app": migration.app_label,
        "name": migration.name,
        "operations": [operation.describe() for operation in migration.operations],
        "sql": [text for part in parts for text in part.sql],
        "atomic": migration.atomic,
        "reversible": not irreversible,
        "irreversible": irreversible,
        "tables": sorted(set().union(*(_tables(part) for part in parts))),
    }


def _missing(connection: Any, reachable: bool, loader: Any) -> list[dict[str, Any]]:
    """What makemigrations would make of the models as they are now.

    ``schema`` is whether the database would be changed, ``own`` whether the app is the project's, which alone can have its
    migrations written.
    """
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.questioner import MigrationQuestioner
    from django.db.migrations.state import ProjectState

    state = loader.project_state()
    detector = MigrationAutodetector(state, ProjectState.from_apps(apps), MigrationQuestioner(dry_run=True))
    found = []
    for app, migrations in sorted(detector.changes(graph=loader.graph).items()):
        own = not re.search(r"/(?:site|dist)-packages/", apps.get_app_config(app).path)
        for migration in migrations:
            parts, state = collect(connection, reachable, state, migration, set())
            for part in parts:
                found.append({"change": f"{app}: {part.operation.describe()}", "schema": bool(part.sql), "own": own})
    return found


def _tables(part: Collected) -> set[str]:
    """The tables that the statements of an operation name, and those of models that its Python code names."""
    models = {
        (model._meta.app_label, model._meta.model_name): model._meta.db_table
        for state in (part.before, part.after)
        for model in state.apps.get_models(include_auto_created=True)
    }
    tables = set(models.values())
    found: set[str] = set()
    for text in part.sql:
        if text.startswith("--"):
            continue
        for statement in statements(text):
            found.update(change.table for change in changes(statement) if change.table)
            found.update(table_name(one or other) for one, other in _TABLES.findall(statement))
            # Without its values: what they say is not what it is about.
            found.update(tables.intersection(re.findall(r"[\w$]+", shape(statement))))
    if hasattr(part.operation, "code"):
        words = words_in(part.operation.code)
        found.update(table for (app, name), table in models.items() if f"{app}.{name}" in words or {app, name} <= words)
    return found
