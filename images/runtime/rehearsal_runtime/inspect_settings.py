"""What Django makes of the project's settings."""

from __future__ import annotations

from typing import Any


def read(hostnames: list[str]) -> dict[str, Any]:
    """The settings that checks are about, and what they mean for these hostnames."""
    from django.conf import settings
    from django.http.request import validate_host

    return {
        "debug": bool(settings.DEBUG),
        "refusedHosts": [host for host in hostnames if not validate_host(host, settings.ALLOWED_HOSTS)],
        "anyHost": "*" in settings.ALLOWED_HOSTS,
        "sessionCookie": settings.SESSION_COOKIE_NAME,
        "csrfCookie": settings.CSRF_COOKIE_NAME,
        # What times without a zone are taken to be in: with USE_TZ everything is stored and read as UTC.
        "timeZone": "UTC" if settings.USE_TZ else str(settings.TIME_ZONE),
    }


def deployment_messages() -> list[dict[str, Any]]:
    """What ``manage.py check --deploy`` says, but for what the project silences."""
    from django.core import checks

    return [
        {"id": message.id or "", "level": message.level, "text": str(message.msg), "hint": str(message.hint or "")}
        for message in checks.run_checks(include_deployment_checks=True)
        if not message.is_silenced()
    ]
