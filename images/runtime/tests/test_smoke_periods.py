"""Periods that pages ask for, and longer ones in their place."""

from __future__ import annotations

import unittest
from datetime import date
from types import SimpleNamespace
from typing import Any
from unittest import mock

from rehearsal_runtime import smoke_periods, smoke_requests
from rehearsal_runtime.smoke_operation import Operation, Outcome, Refused
from rehearsal_runtime.smoke_periods import Period, periods_of


def page(content: str = "", kind: str = "text/html") -> Any:
    headers = {"Content-Type": kind}
    return SimpleNamespace(content=content.encode(), streaming=False, charset="utf-8", headers=headers, status_code=200)


class Stream:
    """A download that comes in parts of a mebibyte, and counts those that were taken."""

    status_code, streaming, headers = 200, True, {"Content-Type": "text/csv"}

    def __init__(self, parts: int) -> None:
        self.taken, self.closed = 0, False
        self.streaming_content = self._parts(parts)

    def _parts(self, parts: int) -> Any:
        part = bytes(1024 * 1024)
        for _ in range(parts):
            self.taken += 1
            yield part

    def close(self) -> None:
        self.closed = True


@mock.patch.object(smoke_periods, "is_page", lambda path: path.startswith("/"))
class Periods(unittest.TestCase):
    def of(self, path: str, content: str = "", kind: str = "text/html") -> list[str]:
        return [f"{period.address} {period.first}..{period.last}" for period in periods_of(path, page(content, kind))]

    def test_are_addresses_with_two_days(self) -> None:
        self.assertEqual(
            self.of("/reports/?since=2010-01-01&q=&until=2010-03-31", kind="text/csv"),
            ["/reports/?since=2010-01-01&q=&until=2010-03-31 since..until"],
        )
        # Whatever they are called.
        self.assertEqual(self.of("/r/?to=2010-03-31&of=2010-01-01"), ["/r/?to=2010-03-31&of=2010-01-01 of..to"])

    def test_are_no_other_addresses(self) -> None:
        for query in ("", "day=2010-01-01", "a=2010-01-01&b=2010-02-31", "a=20100101&b=20100102", "a=2010-01-01&a=2010-02-01"):
            with self.subTest(query):
                self.assertEqual(self.of(f"/reports/?{query}"), [])
        self.assertEqual(self.of("/reports/?a=2010-01-01&b=2010-02-01&c=2010-03-01"), [])

    def test_are_forms_with_two_days_that_are_sent_by_get(self) -> None:
        days = '<input type="date" name="since" value="2010-01-01"><input type="date" name="until" value="2010-03-31">'
        rest = '<select name="by"><option value="day" selected></select><input type="submit" name="go">'
        self.assertEqual(
            self.of("/reports/", f'<form action="all.csv?old=1">{days}{rest}</form>'),
            ["/reports/all.csv?since=2010-01-01&until=2010-03-31&by=day since..until"],
        )
        empty = '<form><input type="date" name="from"><input type="date" name="to"></form>'
        self.assertEqual(self.of("/flights/", empty), ["/flights/?from=&to= from..to"])

    def test_are_no_other_forms(self) -> None:
        days = '<input type="date" name="since"><input type="date" name="until">'
        for form in (
            f'<form method="post">{days}</form>',
            '<form><input type="date" name="day"></form>',
            f'<form>{days}<input type="date" name="again"></form>',
            f'<form action="https://elsewhere.example/">{days}</form>',
        ):
            with self.subTest(form):
                self.assertEqual(self.of("/", form), [])


class Over(unittest.TestCase):
    def address(self, first: str, last: str, years: int) -> str | None:
        period = Period("/r/", (("q", "x"), ("since", first), ("until", last)), "since", "until").over(years)
        return period and period.address

    def test_is_longer_up_to_the_same_day(self) -> None:
        self.assertEqual(self.address("2010-01-01", "2010-12-31", 10), "/r/?q=x&since=2001-01-03&until=2010-12-31")
        self.assertEqual(self.address("2010-12-01", "2010-12-31", 1), "/r/?q=x&since=2010-01-01&until=2010-12-31")

    def test_ends_today_where_no_day_is_given(self) -> None:
        self.assertIn(f"until={date.today().isoformat()}", self.address("", "", 10) or "")

    def test_is_none_where_the_period_is_longer_or_time_has_no_such_day(self) -> None:
        self.assertIsNone(self.address("2001-01-01", "2010-12-31", 5))
        self.assertIsNone(self.address("0001-01-01", "0002-01-01", 10))
        # What a longer one links to has just its days.
        self.assertIsNotNone(self.address("2001-01-03", "2010-12-31", 10))


class Asked(unittest.TestCase):
    def asked(self, answer: Any, *addresses: str) -> tuple[list[str], list[tuple[str, int]]]:
        """What was asked for, and what was told of, with the parts of streams that were taken."""
        asked: list[str] = []
        told: list[tuple[str, int]] = []

        def get(address: str, secure: bool) -> Any:
            asked.append(address)
            return answer(address)

        def perform(operation: Operation) -> Outcome:
            try:
                return Outcome(operation, 0, 0, None, operation.run())
            except Refused as error:
                return Outcome(operation, 0, 0, str(error), None)

        def name(address: str) -> str:
            path, _, query = address.partition("?")
            return f"{path}?{'&'.join(part.partition('=')[0] for part in query.split('&'))}"

        with (
            mock.patch.object(smoke_periods, "client_of", lambda: SimpleNamespace(get=get)),
            mock.patch.object(smoke_periods, "_end_statements_after"),
            mock.patch.object(smoke_periods, "shape", name),
            mock.patch.object(smoke_requests, "is_page", lambda path: True),
            mock.patch.object(smoke_requests, "first_host", lambda: "shop.example"),
        ):
            periods = [period for address in addresses if (period := smoke_periods._named(address))]
            smoke_periods.ask_for_years(
                periods, perform, lambda outcome: told.append((outcome.operation.name, getattr(outcome.result, "taken", 0)))
            )
        return asked, told

    def test_tells_of_the_longest_that_is_answered(self) -> None:
        def answer(address: str) -> Any:
            return SimpleNamespace(status_code=200 if "since=2006" in address else 400, streaming=False, headers={})

        asked, told = self.asked(answer, "/r/?since=2010-10-01&until=2010-12-31", "/r/?since=2010-10-02&until=2010-12-31")
        self.assertEqual(asked, [f"/r/?since={day}&until=2010-12-31" for day in ("2001-01-03", "2006-01-02")])
        self.assertEqual(told, [("GET /r/?since&until over 5 years", 0)])

    def test_tells_of_nothing_where_none_is_answered(self) -> None:
        for status in (302, 400, 500):
            with self.subTest(status):
                response = SimpleNamespace(status_code=status, streaming=False)
                asked, told = self.asked(lambda _, response=response: response, "/r/?since=2010-10-01&until=2010-12-31")
                self.assertEqual((len(asked), told), (3, []))

    def test_follows_links_to_downloads_of_the_same_period(self) -> None:
        link = '<a href="/all.csv?since=2001-01-03&amp;until=2010-12-31">all</a><a href="/">home</a>'
        stream = Stream(3)
        asked, told = self.asked(
            lambda address: stream if address.startswith("/all") else page(link), "/r/?since=2010-10-01&until=2010-12-31"
        )
        self.assertEqual(told, [("GET /r/?since&until over 10 years", 0), ("GET /all.csv?since&until over 10 years", 3)])
        self.assertEqual(asked[1], "/all.csv?since=2001-01-03&until=2010-12-31")
        self.assertTrue(stream.closed)

    def test_reads_no_more_than_is_needed(self) -> None:
        _, [(_, taken)] = self.asked(lambda _: Stream(500), "/r/?since=2010-10-01&until=2010-12-31")
        self.assertEqual(taken, 64)
        with mock.patch.object(smoke_periods, "SECONDS", -1.0):
            _, [(_, taken)] = self.asked(lambda _: Stream(500), "/r/?since=2010-10-01&until=2010-12-31")
        self.assertEqual(taken, 1)


if __name__ == "__main__":
    unittest.main()
