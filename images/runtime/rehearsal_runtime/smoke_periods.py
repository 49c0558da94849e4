"""Pages and downloads of a period, asked for again for many years: what holds all of them at a time needs memory for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from .settings import first_host
from .smoke_answers import PAGE, kind_of
from .smoke_clients import shown_forms
from .smoke_operation import Operation, Outcome, Perform, Refused
from .smoke_requests import client_of, content_of, is_page, links, shape

#: Not every page takes the longest. The first that it takes is told of: another is another matter.
YEARS = (10, 5, 1)
#: None has more days, whatever is counted of its ends.
YEAR_DAYS = 365
LIMIT = 12
#: For one period, until its answer has come or is left, and for all: whoever waits longer goes away.
SECONDS, ALL_SECONDS = 10.0, 45.0
#: What keeps all that it has sent has shown it by then, to an eighth of the memory that containers commonly have.
READ_BYTES = 64 * 1024 * 1024
_DAY_LENGTH = len("2010-01-01")


@dataclass(frozen=True)
class Period:
    """An address whose query names a first and a last day."""

    path: str
    #: Of the query, in their order.
    parameters: tuple[tuple[str, str], ...]
    #: Names of the parameters with the days.
    first: str
    last: str

    @property
    def address(self) -> str:
        return f"{self.path}?{urlencode(self.parameters)}"

    def over(self, years: int) -> Period | None:
        """One of so many years up to the same day; None where the period is longer already."""
        days = {name: _day(value) for name, value in self.parameters}
        last = days[self.last] or date.today()
        now = days[self.first]
        try:
            begin = last - timedelta(days=years * YEAR_DAYS - 1)
        except OverflowError:
            return None
        if now is not None and begin > now:
            return None
        given = {self.first: begin.isoformat(), self.last: last.isoformat()}
        return replace(self, parameters=tuple((name, given.get(name, value)) for name, value in self.parameters))


def periods_of(path: str, response: Any) -> list[Period]:
    """Those that an address which answered names itself, and those that forms on its page ask for."""
    found = [_named(path)]
    if kind_of(response) == PAGE:
        for form in shown_forms(content_of(response)):
            if form.method == "get" and len(form.days) == 2:
                target = urlsplit(urljoin(path, form.action or path))
                parameters = [(name, value) for name, values in form.values.items() for value in values]
                if target.hostname in (None, first_host()) and is_page(target.path):
                    found.append(_between(target.path, parameters, *form.days))
    return [period for period in found if period is not None]


def ask_for_years(periods: Iterable[Period], perform: Perform, tell: Callable[[Outcome], None]) -> None:
    """Asks as a visitor for each of these, and for those that the answers link to, over the most years that it answers.

    :param tell: is told of what was answered; whether a page takes so long a period is its own matter
    """
    deadline = time.monotonic() + ALL_SECONDS
    waiting = list(periods)
    met: set[str] = set()
    while waiting and len(met) < LIMIT:
        period = waiting.pop(0)
        name = shape(period.address)
        if name in met:
            continue
        met.add(name)
        for years in YEARS:
            longer = period.over(years)
            if longer is None or time.monotonic() > deadline:
                continue
            told = f"GET {name} over {years} {'year' if years == 1 else 'years'}"
            outcome = perform(Operation(told, partial(_ask, longer.address)))
            if outcome.error is None:
                tell(outcome)
                waiting += _linked(longer.address, outcome.result)
                break


def _linked(address: str, response: Any) -> Iterator[Period]:
    if not response.streaming:
        yield from (period for link in links(address, response) if (period := _named(link)))


def _named(address: str) -> Period | None:
    parts = urlsplit(address)
    parameters = parse_qsl(parts.query, keep_blank_values=True)
    days = [name for name, value in parameters if _day(value)]
    return _between(parts.path, parameters, *days) if len(days) == 2 else None


def _between(path: str, parameters: list[tuple[str, str]], one: str, other: str) -> Period | None:
    """The earlier day is the first one; where that is not to be seen, the one that is named first."""
    if one == other:
        return None
    given = {name: _day(value) for name, value in parameters}
    earlier, later = given.get(one), given.get(other)
    first, last = (other, one) if earlier and later and later < earlier else (one, other)
    return Period(path, tuple(parameters), first, last)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == _DAY_LENGTH else None
    except ValueError:
        return None


def _ask(address: str) -> Any:
    """The answer, which is read to its end without being kept, where that is not too far away."""
    deadline = time.monotonic() + SECONDS
    _end_statements_after(SECONDS)
    response = client_of().get(address, secure=True)
    if response.status_code != 200:
        raise Refused(f"status {response.status_code}")
    if response.streaming and not getattr(response, "is_async", False):
        read = 0
        for chunk in response.streaming_content:
            read += len(chunk)
            if read >= READ_BYTES or time.monotonic() > deadline:
                break
        response.close()
    return response


def _end_statements_after(seconds: float) -> None:
    """Until the end of the transaction; a limit that is nearer stays."""
    from django.db import connections

    milliseconds = int(seconds * 1000)
    for connection in connections.all():
        if connection.vendor == "postgresql" and connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('statement_timeout', %s, true) FROM pg_settings "
                    "WHERE name = 'statement_timeout' AND NOT setting::int BETWEEN 1 AND %s",
                    [str(milliseconds), milliseconds],
                )
