"""What a release is seen to be from inside of its image, for the checks after a deployment: all of it in one process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import database, project
from .events import channel

DATABASE_SECONDS = 5
COMMAND_SECONDS = 30


def run() -> int:
    """Prints one JSON object on standard output and returns 0.

    Each section is ``{"value": …}``, or ``{"error": words}`` where it could not be told; sections do not depend on each
    other. Read from the environment: INSPECT_HOSTNAMES (JSON list), INSPECT_APPLICATION (``host:port``, empty for none),
    INSPECT_ETL (JSON: a command, or null), INSPECT_SKIPPED (JSON list of modules that are not imported).

    :raises Failure: when the project does not load.
    """
    tell = channel()
    project.load()
    from . import (
        inspect_files,
        inspect_imports,
        inspect_log_files,
        inspect_logging,
        inspect_moments,
        inspect_programs,
        inspect_requirements,
        inspect_settings,
        inspect_users,
    )
    from .inspect_requests import ask

    hostnames = _given("INSPECT_HOSTNAMES", [])
    etl, skipped = _given("INSPECT_ETL", None), _given("INSPECT_SKIPPED", [])
    with ThreadPoolExecutor(1) as pool:
        # It waits for others while this process imports.
        requests = pool.submit(_section, lambda: ask(os.environ.get("INSPECT_APPLICATION", ""), hostnames))
        tell(
            {
                "migrations": _section(_migrations),
                "settings": _section(lambda: inspect_settings.read(hostnames)),
                "deploy": _section(inspect_settings.deployment_messages),
                "imports": _section(lambda: inspect_imports.read(skipped)),
                # Of the modules that have been imported by now.
                "moments": _section(lambda: inspect_moments.read(skipped)),
                "programs": _section(lambda: inspect_programs.read(skipped)),
                "requirements": _section(inspect_requirements.read),
                "secretFiles": _section(inspect_files.secrets),
                "untranslated": _section(inspect_files.untranslated),
                "unreadablePasswords": _section(inspect_users.unreadable),
                "logging": _section(lambda: {**inspect_logging.unheard(), "unwritable": inspect_log_files.unwritable()}),
                "etl": _section(lambda: None if etl is None else _output(etl)),
                "requests": requests.result(),
            }
        )
    return 0


def _given(name: str, default: Any) -> Any:
    text = os.environ.get(name, "")
    return json.loads(text) if text else default


def _section(read: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"value": read()}
    except (Exception, SystemExit) as error:
        return {"error": f"{error.__class__.__name__}: {database.words(error)}"}


def _migrations() -> dict[str, Any]:
    """The migrations of the release that the database does not have."""
    from django.db.migrations.loader import MigrationLoader

    connection = database.connect(DATABASE_SECONDS)
    loader = MigrationLoader(connection)
    return {
        "pending": [
            f"{app}.{name}"
            for app, name in sorted(loader.disk_migrations)
            if (app, name) in loader.graph.nodes and (app, name) not in loader.applied_migrations
        ]
    }


def _output(command: list[str]) -> Any:
    """The JSON that a command prints."""
    text = _management_command(command[2:]) if _is_management(command) else _process(command)
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{' '.join(command)} did not print JSON: {text.strip()[:120]!r}") from error


def _is_management(command: list[str]) -> bool:
    return len(command) > 2 and command[0].startswith("python") and os.path.basename(command[1]) == "manage.py"


def _management_command(words: list[str]) -> str:
    """Runs it in this process, where the project is loaded already, which saves as long as loading it takes."""
    from django.core.management import call_command

    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        call_command(*words, stdout=output)
    return output.getvalue()


def _process(command: list[str]) -> str:
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{' '.join(command)} did not end within {COMMAND_SECONDS} s") from error
    if ended.returncode != 0:
        last = ended.stderr.strip().splitlines()[-3:]
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}: {' / '.join(last)}")
    return ended.stdout
