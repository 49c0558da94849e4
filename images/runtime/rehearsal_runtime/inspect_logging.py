"""Whether what a release logs of its errors is written anywhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

# Where Django tells of requests that failed.
REQUESTS = "django.request"
# What stands for the output of the process is no file that goes with its container.
STREAMS = ("/dev/", "/proc/")


def unheard() -> dict[str, object]:
    """The loggers whose errors reach no handler that writes them to the container's log, whether the project configures
    any, and the files that they are written to instead.
    """
    from django.apps import apps
    from django.conf import settings

    own = {config.name for config in apps.get_app_configs() if not config.name.startswith("django.")}
    names = ["", REQUESTS, *sorted(own)]
    lost = [name for name in names if not is_heard(logging.getLogger(name))]
    return {
        "configured": bool(settings.LOGGING),
        "loggers": [name or "root" for name in lost],
        "files": sorted({file for name in lost for file in files(logging.getLogger(name))}),
    }


def files(logger: logging.Logger) -> list[str]:
    """Files that what is logged there is written to."""
    return [handler.baseFilename for handler in _handlers(logger) if _is_of_file(handler)]


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
    # Nobody looks into a container for its log, and the file goes with it.
    if _is_of_file(handler):
        return False
    return bool(handler.filter(record))


def _is_of_file(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.FileHandler) and not os.path.realpath(handler.baseFilename).startswith(STREAMS)
