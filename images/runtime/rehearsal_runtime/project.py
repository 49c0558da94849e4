"""Loads the Django project that the container holds."""

from __future__ import annotations

import os
import re
import sys
import traceback
from pathlib import Path

from .failure import Failure

# What settings want to be there although nothing is connected to or signed: while an image is built, and for a plan
# without a database.
PLACEHOLDERS = {
    "DATABASE_URL": "postgres://none:none@127.0.0.1:9/none",
    "REPORT_DATABASE_URL": "postgres://none:none@127.0.0.1:9/none",
    "DJANGO_SECRET_KEY": "stands in for a key where nothing is signed, and never reaches a running service",
    "DJANGO_ALLOWED_HOSTS": "localhost",
    "DJANGO_CSRF_TRUSTED_ORIGINS": "https://localhost",
    "DJANGO_DEBUG": "0",
}

REASONS = 4
_DEFAULT_IN_MANAGE = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']""")


def load(remedy: str = "mend what the error above names, or give the variable in the stack's settings") -> None:
    """Sets Django up with the project's settings, as ``manage.py`` in the working directory would.

    :raises Failure: when that fails; the project's own traceback is shown before it.
    """
    use_settings()
    import django

    try:
        django.setup()
    except Exception as error:
        traceback.print_exc()
        raise Failure(
            f"the project must load with the settings {os.environ['DJANGO_SETTINGS_MODULE']}; "
            f"found {reasons(error)}; {remedy}"
        ) from error


def reasons(error: BaseException) -> str:
    """An error and those that it came of, on one line: the last is often only what somebody made of the first."""
    found: list[str] = []
    one: BaseException | None = error
    while one is not None and len(found) < REASONS:
        words = " ".join(str(one).split())
        found.append(f"{one.__class__.__name__}: {words}" if words else one.__class__.__name__)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return ", which came of ".join(found)


def use_settings() -> None:
    """Has Django find the project's settings, as ``manage.py`` in the working directory would, and loads nothing.

    :raises Failure: when nothing names them.
    """
    directory = Path.cwd()
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    if not os.environ.get("DJANGO_SETTINGS_MODULE"):
        os.environ["DJANGO_SETTINGS_MODULE"] = _settings_module(directory)
    # A server that does not answer at all should cost seconds of the time that was given for waiting, not minutes.
    os.environ.setdefault("PGCONNECT_TIMEOUT", "5")


def use_placeholders() -> None:
    """Gives the variables of PLACEHOLDERS their values where they have none."""
    for name, value in PLACEHOLDERS.items():
        os.environ.setdefault(name, value)


def _settings_module(directory: Path) -> str:
    manage = directory / "manage.py"
    found = _DEFAULT_IN_MANAGE.search(manage.read_text(encoding="utf-8")) if manage.is_file() else None
    if found is None:
        raise Failure(
            "DJANGO_SETTINGS_MODULE must name the project's settings; found it unset, and no manage.py with a default "
            f"in {directory}; name it in the stack's settings"
        )
    return found.group(1)
