"""Files that handlers of logging write to and cannot: one that opens its file late fails at its first record."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from logging.handlers import BaseRotatingHandler
from pathlib import Path

LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)


def unwritable(loggers: Iterable[logging.Logger] | None = None) -> list[dict[str, object]]:
    """The handlers whose file cannot be opened, each once: their name, the loggers that have them, file and error.

    ``raises`` says whether the failure reaches the code that logs; rotating handlers print it and go on. It is tried in this
    process, whose root file system is as read-only as a task's, and which has ``/tmp`` as a task has it. The volume for uploaded
    files is mounted in tasks alone: what is below MEDIA_ROOT counts as writable.
    """
    found: dict[int, dict[str, object]] = {}
    for logger in _configured() if loggers is None else loggers:
        if logger.disabled:
            continue
        for handler in _files_behind(logger.handlers):
            known = found.get(id(handler))
            if known is not None:
                known["loggers"] = [*known["loggers"], logger.name]  # type: ignore[misc]
                continue
            error = None if _on_volume(handler.baseFilename) else _error(handler)
            if error is not None:
                found[id(handler)] = {
                    "handler": handler.name or handler.__class__.__name__,
                    "loggers": [logger.name],
                    "file": handler.baseFilename,
                    "error": error,
                    "raises": not isinstance(handler, BaseRotatingHandler),
                }
    return list(found.values())


def _configured() -> Iterator[logging.Logger]:
    yield logging.root
    for _, logger in sorted(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger):
            yield logger


def _files_behind(handlers: Iterable[logging.Handler]) -> Iterator[logging.FileHandler]:
    """Those among the handlers, and among those that they hand on to: of a memory handler and of a queue's listener."""
    waiting, seen = list(handlers), set[int]()
    while waiting:
        handler = waiting.pop(0)
        # What a level or a filter keeps from every record, as of one for DEBUG alone, never opens its file.
        if id(handler) in seen or not _takes_any(handler):
            continue
        seen.add(id(handler))
        if isinstance(handler, logging.FileHandler):
            yield handler
        behind = [getattr(handler, "target", None), *getattr(getattr(handler, "listener", None), "handlers", ())]
        waiting.extend(one for one in behind if isinstance(one, logging.Handler))


def _takes_any(handler: logging.Handler) -> bool:
    return any(_takes(handler, level) for level in LEVELS if level >= handler.level)


def _takes(handler: logging.Handler, level: int) -> bool:
    record = logging.LogRecord("", level, __file__, 0, "", (), None)
    try:
        return bool(handler.filter(record))
    except Exception:
        # It looks for what only some records have.
        return True


def _on_volume(file: str) -> bool:
    media = os.environ.get("MEDIA_ROOT", "")
    return media != "" and Path(os.path.realpath(file)).is_relative_to(os.path.realpath(media))


def _error(handler: logging.FileHandler) -> str | None:
    """What opening the file fails with, in the handler's own way, which may make the folder first."""
    if handler.stream is not None:
        return None
    try:
        handler._open().close()
    except OSError as error:
        return error.strerror or str(error)
    return None
