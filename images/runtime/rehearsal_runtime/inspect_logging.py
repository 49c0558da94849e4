"""Whether what a release logs of its errors is written anywhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator

# Where Django tells of requests that failed.
REQUESTS = "django.request"


def unheard() -> dict[str, object]:
    """The loggers whose errors reach no handler that writes them, and whether the project configures any."""
    from django.apps import apps
    from django.conf import settings

    own = {config.name for config in apps.get_app_configs() if not config.name.startswith("django.")}
    names = ["", REQUESTS, *sorted(own)]
    return {
        "configured": bool(settings.LOGGING),
        "loggers": [name or "root" for name in names if not is_heard(logging.getLogger(name))],
    }


def is_heard(logger: logging.Logger) -> bool:
    """Whether an error that is logged there is written."""
    if logger.disabled or not logger.isEnabledFor(logging.ERROR):
        return False
    record = logger.makeRecord(logger.name, logging.ERROR, __file__, 0, "", (), None)
    handlers = list(_handlers(logger))
    if not handlers:
        # Python writes what no handler takes to standard error by itself.
        return logging.lastResort is not None
    return any(_writes(handler, record) for handler in handlers)


def _handlers(logger: logging.Logger) -> Iterator[logging.Handler]:
    at: logging.Logger | None = logger
    while at is not None:
        yield from at.handlers
        at = at.parent if at.propagate else None


def _writes(handler: logging.Handler, record: logging.LogRecord) -> bool:
    # Mail goes to whom ADMINS names, who are none where nobody set them, and it is no log.
    sends_mail = handler.__class__.__name__ == "AdminEmailHandler"
    if sends_mail or isinstance(handler, logging.NullHandler) or handler.level > logging.ERROR:
        return False
    return bool(handler.filter(record))
