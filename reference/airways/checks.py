"""System checks of the project's own settings."""

from typing import Any

from django.conf import settings
from django.core import checks

from airways import environment

_HINTS = {
    "DATABASE_URL": "Set it to postgres://ROLE:PASSWORD@HOST:PORT/NAME.",
    "DJANGO_ALLOWED_HOSTS": "Set it to the host names that are served, separated by commas.",
}


@checks.register()
def required_variables(**kwargs: Any) -> list[checks.CheckMessage]:
    """airways.E001: a variable without which no request can be served is not set."""
    names = environment.missing_to_serve()
    if settings.DEBUG:
        names = [name for name in names if name != "DJANGO_ALLOWED_HOSTS"]
    return [
        checks.Error(f"The environment variable {name} is not set.", hint=_HINTS[name], id="airways.E001")
        for name in names
    ]
