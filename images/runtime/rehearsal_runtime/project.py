"""Loads the Django project that the container holds."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from .failure import Failure

_DEFAULT_IN_MANAGE = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']""")


def load() -> None:
    """Sets Django up with the project's settings, as ``manage.py`` in the working directory would.

    :raises Failure: when the settings module is not known. What the project raises itself is passed on.
    """
    directory = Path.cwd()
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    if not os.environ.get("DJANGO_SETTINGS_MODULE"):
        os.environ["DJANGO_SETTINGS_MODULE"] = _settings_module(directory)
    # A server that does not answer at all should cost seconds of the time that was given for waiting, not minutes.
    os.environ.setdefault("PGCONNECT_TIMEOUT", "5")
    import django

    django.setup()


def _settings_module(directory: Path) -> str:
    manage = directory / "manage.py"
    found = _DEFAULT_IN_MANAGE.search(manage.read_text(encoding="utf-8")) if manage.is_file() else None
    if found is None:
        raise Failure(
            "DJANGO_SETTINGS_MODULE must name the project's settings; found it unset, and no manage.py with a default "
            f"in {directory}; name it in the stack's settings"
        )
    return found.group(1)
