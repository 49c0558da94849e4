"""What a release would meet in an environment that it has not been in: told from its code, and from what it is given.

Nothing is connected to. The process is given the other environment's variables, of secrets the names alone, its hostnames, and
the migrations that its database has applied.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from . import inspect_settings, project, setting_values
from .events import channel
from .inspect_imports import own_modules
from .project_state import pending
from .variable_reads import Read, readers, reads

_SQUASHED = re.compile(r"(\d+)_squashed_(\d+)")
_NUMBER = re.compile(r"\d+")
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?(\w+)\s*=", re.MULTILINE)
# Libraries read these from the working directory, where an image holds them.
_FILES = (".env", "settings.ini")
_NO = ("false", "no", "off", "0", "n", "f")
_COOKIE_DOMAINS = ("SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN", "LANGUAGE_COOKIE_DOMAIN")


def run() -> int:
    """Prints one JSON object on standard output and returns 0.

    ``variables`` are those that the code reads without a default and that are not in the environment. ``history`` is what
    becomes of the migrations, ``settings`` what Django's settings become. Read from the environment: PREFLIGHT_HOSTNAMES (JSON
    list), PREFLIGHT_COMMANDS (JSON list of words of the processes' commands),
    PREFLIGHT_SKIPPED (JSON list of modules to leave out), PREFLIGHT_APPLIED (JSON list of ``app.name`` in the order of their
    application, or null).

    :raises Failure: when the project does not load with these variables.
    """
    tell = channel()
    project.load("give the variable in the environment's settings, or mend its value")
    applied = json.loads(os.environ.get("PREFLIGHT_APPLIED") or "null")
    tell(
        {
            "variables": missing_variables(
                json.loads(os.environ.get("PREFLIGHT_COMMANDS") or "[]"), json.loads(os.environ.get("PREFLIGHT_SKIPPED") or "[]")
            ),
            "settings": settings(json.loads(os.environ.get("PREFLIGHT_HOSTNAMES") or "[]")),
            "history": None if applied is None else history([tuple(name.split(".", 1)) for name in applied]),
        }
    )
    return 0


def settings(hostnames: list[str]) -> dict[str, Any]:
    """What the variables make of Django's settings, and what that means for these hostnames."""
    held = setting_values.by_name()
    return {
        "refusedHosts": inspect_settings.read(hostnames)["refusedHosts"],
        "cookieDomains": {name: held[name] for name in _COOKIE_DOMAINS if held.get(name)},
        "values": setting_values.read(held),
        "takenForTrue": taken_for_true(os.environ, held),
    }


def taken_for_true(variables: Mapping[str, str], held: Mapping[str, Any]) -> list[str]:
    """Variables that say no, while the setting of the same name is true: any text but the empty one is, for Python."""
    found = []
    for name, text in variables.items():
        value, words = held.get(name), text.strip().lower()
        # As a text of its own, "off" and "0" may be what the setting is to be.
        as_text = isinstance(value, str) and value == text and words in ("false", "no")
        if words in _NO and (value is True or as_text):
            found.append(name)
    return sorted(found)


def missing_variables(commands: Sequence[str], skipped: list[str]) -> list[dict[str, Any]]:
    """A line for each place that reads a variable which is not set, the first of each variable.

    :param commands: words of the commands that run here: another management command is run by hand, if at all
    """
    modules = [(name, ast.parse(path.read_text(encoding="utf-8"))) for name, path in own_modules(skipped)]
    known = readers(modules)
    given = set(os.environ).union(*(_ASSIGNMENT.findall(_content(name)) for name in _FILES))
    found: dict[str, dict[str, Any]] = {}
    for name, tree in modules:
        by_hand = ".management.commands." in name and name.rpartition(".")[2] not in commands
        for read in reads(name, tree, known):
            if read.variable in given:
                continue
            told = _told(name, read, read.certain and not by_hand)
            if told["certain"] or read.variable not in found:
                found.setdefault(read.variable, told)
                if told["certain"] and not found[read.variable]["certain"]:
                    found[read.variable] = told
    return [found[variable] for variable in sorted(found)]


def history(applied: list[tuple[str, str]]) -> dict[str, Any]:
    """What the release makes of the migrations that a database has applied.

    ``pending`` would run, in that order. ``unknown`` were applied and are not of this release: ``ahead`` where they came after
    all that it knows of their app. ``inconsistencies`` is what Django would say of the history.
    """
    from django.db import connection
    from django.db.migrations.exceptions import InconsistentMigrationHistory
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.recorder import MigrationRecorder

    inconsistencies: list[str] = []
    with mock.patch.object(MigrationRecorder, "applied_migrations", lambda _: dict.fromkeys(applied)):
        loader = MigrationLoader(connection)
        try:
            loader.check_consistent_history(connection)
        except InconsistentMigrationHistory as error:
            inconsistencies.append(str(error))
    executor = MigrationExecutor(None)
    executor.loader = loader
    return {
        "pending": [] if loader.detect_conflicts() else [f"{m.app_label}.{m.name}" for m in pending(executor)[0]],
        "unknown": unknown(applied, set(loader.disk_migrations), _replaced(loader)),
        "inconsistencies": inconsistencies,
    }


def unknown(
    applied: list[tuple[str, str]], known: set[tuple[str, str]], replaced: set[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Applied migrations of the release's apps that it does not know, but for those that were squashed."""
    position = {key: index for index, key in enumerate(applied)}
    found = []
    for app, name in applied:
        of_app = [key for key in known if key[0] == app]
        if (app, name) in known | replaced or not of_app or any(_holds(key[1], name) for key in of_app):
            continue
        latest = max((position[key] for key in of_app if key in position), default=-1)
        found.append({"migration": f"{app}.{name}", "ahead": position[(app, name)] > latest})
    return found


def _holds(squashed: str, name: str) -> bool:
    """Whether a squashed migration is made of that one among others, by its number."""
    span, number = _SQUASHED.match(squashed), _NUMBER.match(name)
    return bool(span and number) and int(span[1]) <= int(number[0]) <= int(span[2])  # type: ignore[index]


def _replaced(loader: Any) -> set[tuple[str, str]]:
    return {tuple(key) for migration in loader.disk_migrations.values() for key in migration.replaces}


def _told(module: str, read: Read, certain: bool) -> dict[str, Any]:
    return {"variable": read.variable, "where": f"{module}, line {read.line}", "code": read.code, "certain": certain}


def _content(name: str) -> str:
    path = Path(name)
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
