"""Values of the project's settings that two releases are compared by: none that could be a secret."""

from __future__ import annotations

import datetime
import importlib.util
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .vary_input import is_data

_DEEPEST = 4
#: Folders of what is served to visitors.
_SERVED = re.compile(r"STATIC|MEDIA|TEMPLATE|LOCALE|BASE_DIR|ROOT_DIR")
_SECRET = re.compile(r"SECRET|(?:PASSWORD|PASSWD|KEY|TOKEN|CREDENTIAL|DSN|PIN)S?(?:\.|$)", re.IGNORECASE)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
# How often something may be done, as REST framework writes it.
_RATE = re.compile(r"(\d+)/([smhd])\w*")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def run() -> int:
    """Prints one JSON object and returns 0: ``sessions``, see ``sessions.read``, ``values``, see ``read``, and ``inputs``, see
    ``input_folders``.

    :raises Failure: when the project does not load.
    """
    from . import project, sessions
    from .events import channel

    tell = channel()
    project.load()
    held = by_name()
    tell({"sessions": sessions.read(), "values": read(held), "inputs": input_folders(held)})
    return 0


def by_name() -> dict[str, Any]:
    """The settings of the project that is loaded."""
    from django.conf import settings

    return {name: getattr(settings, name) for name in dir(settings) if name.isupper()}


def input_folders(settings: Mapping[str, Any]) -> list[str]:
    """Folders that settings name and in which files are as workers take them in."""
    named = [Path(value) for name, value in settings.items() if isinstance(value, Path | str) and not _SERVED.match(name)]
    folders = {path for path in named if path.is_absolute() and path.is_dir()}
    return sorted(str(path) for path in folders if any(is_data(file) for file in path.iterdir()))


def read(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """``numbers`` (lengths of time in seconds, rates per second), ``switches``, ``classes`` (a dotted path of Python each)
    and ``lists`` of such, by the setting's name, with dots where it is part of another: ``DATABASES.default.CONN_MAX_AGE``.
    """
    found: dict[str, dict[str, Any]] = {"numbers": {}, "switches": {}, "classes": {}, "lists": {}}
    for name, value in settings.items():
        _take(found, name, value, _DEEPEST)
    return found


def _take(found: dict[str, dict[str, Any]], name: str, value: Any, levels: int) -> None:
    if _SECRET.search(name) and not isinstance(value, bool):
        return
    if isinstance(value, bool):
        found["switches"][name] = value
    elif isinstance(value, datetime.timedelta):
        found["numbers"][name] = value.total_seconds()
    elif isinstance(value, int | float):
        found["numbers"][name] = value
    elif isinstance(value, str):
        rate = _RATE.fullmatch(value)
        if rate:
            found["numbers"][name] = int(rate[1]) / _SECONDS[rate[2]]
        elif _is_class(value):
            found["classes"][name] = value
    elif isinstance(value, Mapping) and levels > 0:
        for key, part in value.items():
            _take(found, f"{name}.{key}", part, levels - 1)
    elif isinstance(value, list | tuple) and levels > 0:
        _take_list(found, name, value, levels)


def _take_list(found: dict[str, dict[str, Any]], name: str, value: Sequence[Any], levels: int) -> None:
    """Of parts that name what they are, such as AUTH_PASSWORD_VALIDATORS, the names count."""
    named = [part.get("NAME") if isinstance(part, Mapping) else part for part in value]
    paths = [part for part in named if isinstance(part, str) and _is_class(part)]
    if paths:
        found["lists"][name] = paths
    for number, part in enumerate(value):
        if isinstance(part, Mapping):
            _take(found, f"{name}.{number}", part, levels - 1)


def _is_class(text: str) -> bool:
    """A password may look like a path; it is none of a package that is installed."""
    if not _DOTTED.fullmatch(text):
        return False
    try:
        return importlib.util.find_spec(text.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False
