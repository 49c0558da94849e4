from __future__ import annotations

import contextlib
import errno
import logging
import os
import queue
import sys
import tempfile
import unittest
from logging.handlers import MemoryHandler, QueueHandler, QueueListener, RotatingFileHandler
from unittest import mock

from rehearsal_runtime import (
    inspect_files,
    inspect_imports,
    inspect_log_files,
    inspect_logging,
    inspect_moments,
    inspect_programs,
    inspect_requests,
    inspect_requirements,
    inspection,
    project,
)
from rehearsal_runtime.inspect_log_files import unwritable


class ReadOnly(logging.FileHandler):
    """Of a file on a file system that is read-only."""

    def _open(self) -> object:  # type: ignore[override]
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), self.baseFilename)


class MakesFolder(logging.FileHandler):
    def _open(self) -> object:  # type: ignore[override]
        os.makedirs(os.path.dirname(self.baseFilename), exist_ok=True)
        return super()._open()


class UnwritableTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.gone = os.path.join(self.folder, "logs", "shop.log")

    def logger(self, *handlers: logging.Handler, name: str = "shop") -> logging.Logger:
        logger = logging.Logger(name)
        for handler in handlers:
            self.addCleanup(handler.close)
            logger.addHandler(handler)
        return logger

    def test_names_handler_loggers_and_file_where_it_cannot_be_opened(self) -> None:
        handler = ReadOnly("/app/logs/shop.log", delay=True)
        handler.set_name("audit")
        told = {"handler": "audit", "loggers": ["shop", "shop.orders"], "file": "/app/logs/shop.log"}
        self.assertEqual(
            unwritable([self.logger(handler), self.logger(handler, name="shop.orders")]),
            [{**told, "error": "Read-only file system", "raises": True}],
        )

    def test_tells_a_folder_that_is_not_there(self) -> None:
        found = unwritable([self.logger(logging.FileHandler(self.gone, delay=True))])
        self.assertEqual(found[0]["error"], "No such file or directory")
        self.assertEqual(found[0]["handler"], "FileHandler")

    def test_tells_a_rotating_one_that_does_not_hand_the_failure_on(self) -> None:
        found = unwritable([self.logger(RotatingFileHandler(self.gone, delay=True))])
        self.assertEqual([one["raises"] for one in found], [False])

    def test_looks_behind_handlers_that_hand_on(self) -> None:
        behind = ReadOnly("/app/a.log", delay=True)
        queued = QueueHandler(queue.Queue())
        queued.listener = QueueListener(queued.queue, ReadOnly("/app/b.log", delay=True))  # type: ignore[attr-defined]
        found = unwritable([self.logger(MemoryHandler(9, target=behind)), self.logger(queued)])
        self.assertEqual([one["file"] for one in found], ["/app/a.log", "/app/b.log"])

    def test_finds_those_of_all_loggers_that_are_configured(self) -> None:
        handler = ReadOnly("/app/logs/named.log", delay=True)
        logger = logging.getLogger("rehearsal.test.named")
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        logging.root.addHandler(handler)
        self.addCleanup(logging.root.removeHandler, handler)
        self.assertEqual([one["loggers"] for one in unwritable()], [["root", "rehearsal.test.named"]])

    def test_says_nothing_of_files_that_can_be_opened(self) -> None:
        late = logging.FileHandler(os.path.join(self.folder, "late.log"), delay=True)
        early = logging.FileHandler(os.path.join(self.folder, "early.log"))
        makes = MakesFolder(self.gone, delay=True)
        output = logging.FileHandler("/dev/null", delay=True)
        self.assertEqual(unwritable([self.logger(late, early, makes, output, logging.StreamHandler(sys.stderr))]), [])

    def test_says_nothing_of_the_volume_that_tasks_have(self) -> None:
        with mock.patch.dict(os.environ, {"MEDIA_ROOT": "/srv/media"}):
            on_it, beside = (ReadOnly(f"/srv/{name}/a.log", delay=True) for name in ("media", "media-logs"))
            found = unwritable([self.logger(on_it, beside)])
        self.assertEqual([one["file"] for one in found], ["/srv/media-logs/a.log"])

    def test_says_nothing_where_no_record_comes(self) -> None:
        handler = ReadOnly("/app/debug.log", delay=True)
        handler.addFilter(lambda record: False)
        self.assertEqual(unwritable([self.logger(handler)]), [])
        behind = MemoryHandler(9, target=ReadOnly("/app/debug.log", delay=True))
        behind.setLevel(logging.CRITICAL + 1)
        self.assertEqual(unwritable([self.logger(behind)]), [])
        off = self.logger(ReadOnly("/app/debug.log", delay=True))
        off.disabled = True
        self.assertEqual(unwritable([off]), [])

    def test_takes_a_filter_that_wants_more_of_a_record_for_one_that_lets_some_through(self) -> None:
        handler = ReadOnly("/app/requests.log", delay=True)
        handler.addFilter(lambda record: record.request.user == "ada")  # type: ignore[attr-defined]
        self.assertEqual(len(unwritable([self.logger(handler)])), 1)


class InspectionTest(unittest.TestCase):
    def test_tells_them_beside_what_is_not_heard(self) -> None:
        told: list[dict[str, object]] = []
        parts = (inspect_files, inspect_imports, inspect_moments, inspect_programs, inspect_requirements, inspect_requests)
        with contextlib.ExitStack() as patches:
            for part in parts:
                for name in ("read", "secrets", "untranslated", "ask"):
                    if hasattr(part, name):
                        patches.enter_context(mock.patch.object(part, name, lambda *_: None))
            patches.enter_context(mock.patch.object(project, "load"))
            patches.enter_context(mock.patch.object(inspection, "channel", lambda: told.append))
            patches.enter_context(mock.patch.object(inspect_logging, "unheard", lambda: {"loggers": ["root"]}))
            patches.enter_context(mock.patch.object(inspect_log_files, "unwritable", lambda: ["one"]))
            inspection.run()
        self.assertEqual(told[0]["logging"], {"value": {"loggers": ["root"], "unwritable": ["one"]}})


if __name__ == "__main__":
    unittest.main()
