"""Values that the environment's declaration hands to the runtime as plain variables."""

from __future__ import annotations

import os

from .failure import Failure


def number(name: str, default: float) -> float:
    """The variable ``name`` as a number of at least zero.

    :raises Failure: when it holds anything else.
    """
    text = os.environ.get(name, "")
    if text == "":
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not value >= 0 or value == float("inf"):
        raise Failure(f"{name} must be a number of at least 0; found {text!r}; unset it for the default of {default:g}")
    return value


def first_host() -> str:
    """A host name that the project's ALLOWED_HOSTS lets through, for requests from within the container."""
    for host in os.environ.get("DJANGO_ALLOWED_HOSTS", "").split(","):
        host = host.strip()
        if host.startswith("."):
            return host[1:]
        if host.startswith("*."):
            return host[2:]
        if host not in ("", "*"):
            return host
    return "localhost"
