"""Does with a database what the release's code does in production, told what to do line by line on standard input.

answers                 what pages, downloads and the API answer to a visitor
ask ["PATH", ...]       these paths, as a visitor
effects                 what pages say, and which say something else once rows have been changed
once [TABLE,TABLE]      everything once, and what is answered meanwhile; with the variations of these tables
variations TABLE,TABLE  rows of these tables written in other ways: a value left out, another choice, a long text, several at once
traffic TABLE,TABLE     what concerns these tables over and over, until:
pause                   ends the traffic
end                     ends the process, as the end of standard input does
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import database, project, smoke_outside, smoke_storage
from .failure import Failure
from .settings import number
from .smoke_beside import Beside
from .smoke_left_files import LeftFiles
from .smoke_mail import Mail
from .smoke_operation import Operation, Outcome, Perform, count_records, drop_broken_connections, perform, words_of
from .smoke_requests import FEW_KINDS, MANY_KINDS
from .smoke_traffic import Traffic

#: Rows of a model whose pages are tried until one answers: not all may be for visitors.
OWN_PAGES = 5


def run() -> int:
    """Writes JSON lines: ``ready``, what ``begins``, each ``operation``, ``answer``, ``page`` or ``effect``, ``round`` after each
    of what is done once, ``paused``.

    SMOKE_PATHS are the paths to begin with, separated by commas; with SMOKE_UNLINKED=1, ``once`` does as well what no
    link leads to: it sends forms and records, turns the pages of lists, chooses rows of the administration, and asks for
    pages of rows in which something is missing, that are of another kind or hold markup, for routes that must show no
    secret, and again for what leaves files behind. Whatever is done to the database is rolled back. An operation that fails is told of and ends nothing.

    :raises Failure: when the database cannot be reached, or for a line that is no command.
    """
    # Standard output belongs to the events; whatever the project prints goes to standard error.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    project.load()
    database.connect(number("DATABASE_WAIT_SECONDS", 60))
    smoke = Smoke(output)
    smoke.emit({"event": "ready"})
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "end":
            break
        if word == "once":
            smoke.once(_tables(rest))
        elif word == "variations":
            smoke.variations(_tables(rest))
        elif word == "answers":
            smoke.answers()
        elif word == "ask":
            smoke.ask(json.loads(rest))
        elif word == "effects":
            smoke.effects()
        elif word == "traffic":
            smoke.traffic(_tables(rest))
        elif word == "pause":
            smoke.pause()
        elif word:
            raise Failure(f"smoke is told answers, ask, effects, once, variations, traffic, pause or end on standard input; found {word!r}")
    output.flush()
    # Threads may wait for a lock for as long as its holder likes; the server undoes what they did.
    os._exit(0)


class Smoke:
    """Rounds of operations and the traffic between them."""

    def __init__(self, output: Any) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._paths = [path for path in os.environ.get("SMOKE_PATHS", "/").split(",") if path not in ("", "none")]
        self._unlinked = os.environ.get("SMOKE_UNLINKED") == "1"
        self._kinds = MANY_KINDS if self._unlinked else FEW_KINDS
        self._requests: list[Operation] = []
        #: What was asked for as a visitor, by its path.
        self._asked: dict[str, Operation] = {}
        #: The first record of each list of the API, by its path.
        self._records: dict[str, dict[str, Any]] = {}
        #: Paths that answered a visitor.
        self._answered: list[str] = []
        #: Where each search form leads, and the name of its text.
        self._searches: list[tuple[str, str]] = []
        self._periods: list[Any] = []
        self._traffic: Traffic | None = None
        self._mail = Mail()
        self._left = LeftFiles()
        _confine()

    def emit(self, event: dict[str, Any]) -> None:
        with self._lock:
            self._output.write(json.dumps(event) + "\n")
            self._output.flush()

    def once(self, tables: set[str]) -> None:
        """Every operation once, on fresh state, and an event each."""
        self.pause(tell=False)
        drop_broken_connections()
        _forget()

        administration = self._begin_administration(self.emit)
        self._visit(self._told)
        if self._unlinked:
            from .smoke_clients import choose_all, save_unchanged, send_records
            from .smoke_crowd import be_many
            from .smoke_editors import be_editors
            from .smoke_error_page import show_error_page
            from .smoke_forms import send_forms
            from .smoke_gaps import visit_unusual
            from .smoke_markup import show_markup
            from .smoke_pages import larger_pages, turn_pages
            from .smoke_periods import ask_for_years
            from .smoke_requests import fetch, shape
            from .smoke_routes import visit_routes
            from .smoke_searches import paste, seek
            from .smoke_shared import ask_one_after_another
            from .smoke_users import use_as_user

            send_forms(list(self._asked), self._told, self._mail)
            send_records(self._records, self._told)
            use_as_user(self._answered, self._records, self._told)
            ask_one_after_another(self._answered, _forget, self._told)
            paste(self._searches, self._told)
            seek(self._searches, self._told)
            be_many([*self._records, *self._answered], self._told)
            turn_pages(self._records, self._told)
            for path in larger_pages(self._records, perform):
                self._told(Operation(f"GET {shape(path)}", lambda path=path: fetch(path)))
            choose_all(self._told)
            save_unchanged(self._told)
            be_editors(self._told)
            visit_unusual(self._told)
            show_markup(self._asked, self._told)
            visit_routes(self._told)
            show_error_page(self._paths[0] if self._paths else "/", self._told)
            ask_for_years(self._periods, self._begun, self._tell)
        from .smoke_models import project_writes, reads, rewrites, writes
        from .smoke_rows import models

        for model in models():
            further = (*rewrites(model), *project_writes(model)) if self._unlinked else ()
            for operation in (*reads(model), *writes(model), *further):
                self._told(operation)
        self._requests += administration.join()
        if self._unlinked:
            # By nobody else's meanwhile.
            self._left.ask_again(self._told)
        self.variations(tables)

    def variations(self, tables: set[str]) -> None:
        """Rows of these tables written in other ways than those that are there."""
        from .smoke_models import choices, later_rows, long_texts, omissions, project_writes, rewrites
        from .smoke_rows import models

        ways = (omissions, choices, long_texts, later_rows, rewrites, project_writes)
        for model in models():
            if model._meta.db_table in tables:
                for operation in (operation for way in ways for operation in way(model)):
                    self._told(operation)
        self.emit({"event": "round"})

    def answers(self) -> None:
        """An event for each answer that is a page, JSON or CSV, with what stands in it."""
        from .smoke_answers import answer
        from .smoke_clients import first_record
        from .smoke_rows import models, own_pages
        from .smoke_pages import larger_pages
        from .smoke_requests import fetch, shape, visit
        from .smoke_visitors import carried, localized_numbers

        drop_broken_connections()
        _forget()
        answered: dict[str, Outcome] = {}
        taken: dict[str, int] = {}

        def asked(path: str, outcome: Outcome) -> None:
            if outcome.error is None:
                answered[path], taken[path] = outcome, outcome.operation.statements

        visit(self._paths, perform, asked, self._kinds)
        for path in larger_pages([path for path in answered if first_record(answered[path].result)], perform):
            asked(path, perform(Operation(f"GET {path}", lambda path=path: fetch(path))))
        shapes = {shape(path) for path in answered}
        for model in models():
            for path in own_pages(model, OWN_PAGES):
                if shape(path) in shapes:
                    break
                outcome = perform(Operation(f"GET {path}", lambda path=path: fetch(path)))
                asked(path, outcome)
                if outcome.error is None:
                    break
        # What is kept in a cache is read anew some time; what the process itself keeps is not.
        _forget()
        for path, outcome in answered.items():
            again = perform(outcome.operation)
            if again.error is None:
                kept = taken[path] - again.operation.statements
                self.emit(
                    {
                        **answer(path, outcome.result, again.result),
                        "kept": max(0, kept),
                        "carried": carried(path, outcome.result),
                        "localized": localized_numbers(path, outcome.result, perform),
                    }
                )
        self.emit({"event": "round"})

    def ask(self, paths: list[str]) -> None:
        """An operation for each path, and its event."""
        from .smoke_requests import fetch

        for path in paths:
            self._told(Operation(f"GET {path}", lambda path=path: fetch(path)))
        self.emit({"event": "round"})

    def effects(self) -> None:
        """An event for each page, and for each way to change rows with the pages that say something else after it."""
        from .smoke_effects import effects

        drop_broken_connections()
        self._visit(perform)
        for effect in effects({path: self._asked[path] for path in self._answered}, _forget):
            self.emit(effect)
        self.emit({"event": "round"})

    def traffic(self, tables: set[str]) -> None:
        """Begins operations on these tables; requests are those whose SQL names one of them, or else all."""
        from .smoke_models import reads, strewn_writes, writes
        from .smoke_rows import models

        self.pause(tell=False)
        if not self._requests:
            administration = self._begin_administration(lambda event: None)
            self._visit(perform)
            self._requests += administration.join()
        concerned = [model for model in models() if model._meta.db_table in tables]
        requests = [operation for operation in self._requests if operation.identifiers & tables] or self._requests
        self._traffic = Traffic(
            [
                requests,
                [operation for model in concerned for operation in reads(model)],
                [operation for model in concerned for operation in (*strewn_writes(model), *writes(model))],
            ],
            lambda outcome: self.emit({**outcome.event(), "at": outcome.at, "error": outcome.error}),
            lambda: self.emit({"event": "busy"}),
        )

    def pause(self, tell: bool = True) -> None:
        """Ends the traffic, where there is any."""
        operations = self._traffic.pause() if self._traffic else 0
        self._traffic = None
        if tell:
            self.emit({"event": "paused", "operations": operations})

    def _told(self, operation: Operation) -> Outcome:
        """Performs an operation, and emits its event."""
        outcome = self._begun(operation)
        self._tell(outcome)
        return outcome

    def _begun(self, operation: Operation) -> Outcome:
        """Performs an operation whose name is told before: of one that ends this process nothing else would be."""
        self.emit({"event": "begins", "name": operation.name})
        return perform(operation)

    def _tell(self, outcome: Outcome) -> None:
        self.emit({**outcome.event(), "error": outcome.error})

    def _begin_administration(self, tell: Callable[[dict[str, Any]], None]) -> Beside:
        from .smoke_requests import administer

        return Beside("GET administration", administer, tell)

    def _visit(self, perform: Perform) -> None:
        from .smoke_answers import answer
        from .smoke_clients import first_record
        from .smoke_periods import periods_of
        from .smoke_requests import visit
        from .smoke_searches import searches_of

        self._requests, self._asked, self._records, self._answered, self._searches, self._periods = [], {}, {}, [], [], []

        def asked(path: str, outcome: Outcome) -> None:
            self._asked[path] = outcome.operation
            self._left.asked(path)
            if outcome.error is None:
                self._answered.append(path)
                if self._unlinked:
                    self._searches += searches_of(path, outcome.result)
                    self._periods += periods_of(path, outcome.result)
                self.emit(answer(path, outcome.result))
                if (record := first_record(outcome.result)) is not None:
                    self._records[path] = record

        try:
            self._requests = visit(self._paths, perform, asked, self._kinds)
        except Exception as error:
            # Its URLs themselves may be what is broken; then nothing can be asked for.
            self.emit({"event": "operation", "operation": "GET", "seconds": 0, "error": words_of(error)})


def _tables(words: str) -> set[str]:
    return {table for table in words.split(",") if table}


def _confine() -> None:
    """Keeps mail, caches and stored files in this process, and a log-in from writing to the user's row, which all requests share."""
    from django.conf import settings
    from django.contrib.auth import user_logged_in
    from django.test.utils import override_settings

    smoke_outside.watch()
    smoke_storage.confine()
    memory = "django.core.cache.backends.locmem.LocMemCache"
    override_settings(
        EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
        CACHES={alias: {"BACKEND": memory, "LOCATION": f"smoke-{alias}"} for alias in settings.CACHES},
    ).enable()
    user_logged_in.disconnect(dispatch_uid="update_last_login")
    # What requests go wrong with is told by events.
    count_records()


def _forget() -> None:
    """Empties what a round may have kept from the one before: it would hide what has become of a table."""
    from django.apps import apps
    from django.conf import settings
    from django.core import mail
    from django.core.cache import caches

    for alias in settings.CACHES:
        caches[alias].clear()
    mail.outbox = []
    if apps.is_installed("django.contrib.contenttypes"):
        from django.contrib.contenttypes.models import ContentType

        ContentType.objects.clear_cache()
    if apps.is_installed("django.contrib.sites"):
        from django.contrib.sites.models import Site

        Site.objects.clear_cache()
