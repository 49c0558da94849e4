"""Runs the release's migrations: one migrator at a time, with time limits, while no worker takes in data."""

from __future__ import annotations

import sys
import traceback

from . import admin_user, database, project
from .blockers import Blockers
from .failure import say
from .limits import Retry, limit_each_connection, lock_retries, waited_in_vain
from .lock import Migrator, one_migrator
from .progress import Progress
from .reached import Reached
from .settings import number


def run() -> int:
    """Migrates the default database and makes the admin user; returns 0, or 1 after Django's own error.

    :raises Failure: when the database cannot be reached, another migrator does not end, or a worker does not.
    """
    project.load()
    limit_each_connection()
    database.connect(number("DATABASE_WAIT_SECONDS", 60))
    drain_seconds = number("INTAKE_DRAIN_SECONDS", 60)
    with one_migrator(number("LOCK_WAIT_SECONDS", 300)) as migrator:
        if _pending():
            migrator.stop_intake(drain_seconds)
        return _migrate(migrator)


def _pending() -> bool:
    from django.db import connection
    from django.db.migrations.exceptions import BadMigrationError, InconsistentMigrationHistory, NodeNotFoundError
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        loader = executor.loader
        loader.check_consistent_history(connection)
        return bool(executor.migration_plan(loader.graph.leaf_nodes())) and not loader.detect_conflicts()
    except (BadMigrationError, InconsistentMigrationHistory, NodeNotFoundError):
        # Django's command refuses them in words of its own.
        return False


def _migrate(migrator: Migrator) -> int:
    from django.core.management import call_command, get_commands, load_command_class
    from django.core.management.base import CommandError
    from django.db import connection

    # By its name, since an app may bring a migrate command of its own.
    command = load_command_class(get_commands()["migrate"], "migrate")
    progress = Progress()
    progress.attach(command)
    reached = Reached(connection)
    reached.attach(command)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with Blockers(connection) as blockers:

        def tell(retry: Retry) -> None:
            if retry.statement is None:
                # Django leaves the line "Applying app.name..." without its end.
                print(flush=True)
            what = f"a statement of {retry.migration}" if retry.statement else retry.migration
            holder = blockers.take()
            say(
                f"{what} did not get its lock ({retry.error})"
                + (f", held up by {holder}" if holder else "")
                + f"; trying again in {retry.pause:.1f} s ({retry.number} of {retry.limit})"
            )

        try:
            with lock_retries(tell):
                call_command(command, interactive=False, verbosity=1)
            progress.stop()
            admin_user.ensure()
        except CommandError as error:
            print(f"CommandError: {error}", file=sys.stderr, flush=True)
            return error.returncode
        except Exception as error:
            progress.stop()
            print(flush=True)
            traceback.print_exc()
            for line in reached.describe(error):
                say(line)
            say(f"the migration failed: {error.__class__.__name__}: {database.words(error)}{_remedy(error, blockers)}")
            if reached.changed:
                migrator.let_intake_go_on()
            return 1
        finally:
            progress.stop()
    return 0


def _remedy(error: Exception, blockers: Blockers) -> str:
    if not waited_in_vain(error):
        return ""
    holder = blockers.take()
    return (
        (f"; held up by {holder}" if holder else "")
        + "; end the transaction that holds the lock or wait for its end, and run this again, or raise "
        "MIGRATION_LOCK_TIMEOUT or MIGRATION_LOCK_RETRIES"
    )
