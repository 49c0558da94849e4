"""Reads settings from the environment, and says plainly what is missing or malformed."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

# What a serving process cannot do without. DJANGO_SECRET_KEY is not among them: the settings module itself refuses
# to load without it.
REQUIRED_TO_SERVE = ("DATABASE_URL", "DJANGO_ALLOWED_HOSTS")

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def required(name: str) -> str:
    """The variable's value; ImproperlyConfigured naming it when it is unset or empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"The environment variable {name} is not set. Set it before starting the process.")
    return value


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    lowered = value.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0; got {value!r}.")


def integer(name: str, default: int, minimum: int) -> int:
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number; got {value!r}.") from error
    if number < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}; got {number}.")
    return number


def comma_separated(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def directory(name: str, default: Path) -> Path:
    return Path(text(name, str(default)))


def missing_to_serve() -> list[str]:
    """Names of the variables that a serving process needs and that are unset or empty."""
    return [name for name in REQUIRED_TO_SERVE if not os.environ.get(name, "").strip()]
