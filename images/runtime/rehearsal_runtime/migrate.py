"""Runs the release's migrations, one migrator at a time and with time limits."""

from __future__ import annotations

import sys
import traceback

from . import admin_user, database, project
from .failure import say
from .lock import one_migrator
from .progress import Progress
from .settings import number


def run() -> int:
    """Migrates the default database and makes the admin user; returns 0, or 1 after Django's own error.

    :raises Failure: when the database cannot be reached, or another migrator does not end.
    """
    project.load()
    _limit_each_connection()
    database.connect(number("DATABASE_WAIT_SECONDS", 60))
    with one_migrator(number("LOCK_WAIT_SECONDS", 300)):
        return _migrate()


def _migrate() -> int:
    from django.core.management import call_command, get_commands, load_command_class
    from django.core.management.base import CommandError

    # By its name, since an app may bring a migrate command of its own.
    command = load_command_class(get_commands()["migrate"], "migrate")
    progress = Progress()
    progress.attach(command)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        call_command(command, interactive=False, verbosity=1)
        admin_user.ensure()
    except CommandError as error:
        print(f"CommandError: {error}", file=sys.stderr, flush=True)
        return error.returncode
    except Exception as error:
        # Django leaves the line "Applying app.name..." without its end.
        print(flush=True)
        traceback.print_exc()
        say(f"the migration failed: {error.__class__.__name__}: {database.words(error)}")
        return 1
    finally:
        progress.stop()
    return 0


def _limit_each_connection() -> None:
    """Sets the time limits on every connection, whatever options the project's settings give to the driver.

    A limit of 0 is none. A statement that runs on after its migrator was killed would hold its locks, so the server is
    asked to look for its client every second.
    """
    from django.db.backends.signals import connection_created

    limits = {
        "lock_timeout": int(number("MIGRATION_LOCK_TIMEOUT", 0)),
        "statement_timeout": int(number("MIGRATION_STATEMENT_TIMEOUT", 0)),
        "client_connection_check_interval": 1000,
    }

    def limit(connection, **_: object) -> None:  # type: ignore[no-untyped-def]
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            for name, milliseconds in limits.items():
                # Servers before PostgreSQL 14 do not know the last of them.
                cursor.execute(
                    "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = %s", [str(milliseconds), name]
                )

    connection_created.connect(limit, weak=False)
