"""What is applied and what is pending, as Django's executor sees it."""

from __future__ import annotations

from typing import Any


def applied_state(loader: Any, full_plan: list[tuple[Any, bool]]) -> Any:
    """The models as the applied migrations leave them.

    ``full_plan`` is that of an empty database, in whose order Django runs migrations.
    """
    from django.db.migrations.state import ProjectState

    state = ProjectState(real_apps=loader.unmigrated_apps)
    for migration, _ in full_plan:
        if (migration.app_label, migration.name) in loader.applied_migrations:
            migration.mutate_state(state, preserve=False)
    return state


def pending(executor: Any) -> tuple[list[Any], list[tuple[Any, bool]]]:
    """The pending migrations in the order of running, and the plan of an empty database."""
    leaves = executor.loader.graph.leaf_nodes()
    full_plan = executor.migration_plan(leaves, clean_start=True)
    wanted = {migration for migration, _ in executor.migration_plan(leaves)}
    return [migration for migration, _ in full_plan if migration in wanted], full_plan
