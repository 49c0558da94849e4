import csv
import io
from datetime import UTC, date, datetime, timedelta

from django.db import InternalError, connections
from django.test import TransactionTestCase

from flights.models import Flight
from flights.tests.records import make_airport, make_flight
from reports import queries
from reports.queries import Period


class ReportTests(TransactionTestCase):
    """TransactionTestCase: the reporting alias has a connection of its own, which sees only what was committed."""

    databases = {"default", "report"}

    def setUp(self) -> None:
        self.sea, self.ord, self.jfk = (make_airport(code) for code in ("SEA", "ORD", "JFK"))
        start = datetime(2001, 1, 10, 8, 0, tzinfo=UTC)
        for number, delay in enumerate([0, 14, 15, 31, None]):
            make_flight(self.sea, self.ord, start + timedelta(days=number), delay_minutes=delay, distance_miles=1721)
        make_flight(self.ord, self.jfk, start + timedelta(hours=13), delay_minutes=-10, distance_miles=740)
        self.period = Period(date(2001, 1, 1), date(2001, 1, 31))

    def tearDown(self) -> None:
        connections["report"].close()

    def test_totals_count_what_was_reported_and_share_what_was_delayed(self) -> None:
        totals = queries.totals(self.period)
        self.assertEqual((totals.flights, totals.reported, totals.mean_delay), (6, 5, 10.0))
        self.assertAlmostEqual(totals.delayed_share, 2 / 5)

    def test_an_empty_period_has_no_mean_and_no_share(self) -> None:
        totals = queries.totals(Period(date(1999, 1, 1), date(1999, 1, 2)))
        self.assertEqual((totals.flights, totals.mean_delay, totals.delayed_share), (0, None, None))

    def test_a_period_includes_its_first_and_its_last_day(self) -> None:
        self.assertEqual(queries.totals(Period(date(2001, 1, 10), date(2001, 1, 11))).flights, 3)
        self.assertEqual(queries.totals(Period(date(2001, 1, 14), date(2001, 1, 14))).flights, 1)

    def test_the_origin_narrows(self) -> None:
        self.assertEqual(queries.totals(Period(date(2001, 1, 1), date(2001, 1, 31), self.ord.pk)).flights, 1)

    def test_hours_and_steps_group(self) -> None:
        self.assertEqual(
            [(hour.hour, hour.flights, hour.mean_delay) for hour in queries.by_hour(self.period)],
            [(8, 5, 15.0), (21, 1, -10.0)],
        )
        self.assertEqual([each.flights for each in queries.by_step(self.period, "day")], [2, 1, 1, 1, 1])
        self.assertEqual(
            [(each.start, each.flights) for each in queries.by_step(self.period, "month")], [(date(2001, 1, 1), 6)]
        )

    def test_the_reporting_alias_cannot_write(self) -> None:
        with self.assertRaises(InternalError) as caught:
            Flight.objects.using("report").update(delay_minutes=0)
        self.assertIn("read-only", str(caught.exception))

    def test_the_page_shows_figures_charts_and_routes(self) -> None:
        response = self.client.get("/reports/")
        self.assertContains(response, "40.0 %")
        self.assertContains(response, 'aria-label="Mean delay by hour of departure"')
        self.assertContains(response, "Mean delay, minutes")
        self.assertContains(response, "polyline")
        self.assertContains(response, '<td class="number">1,721</td>')
        # Nothing given: the quarter that ends with the last departure.
        self.assertContains(response, 'value="2001-01-14"')

    def test_the_page_says_what_is_wrong_with_a_period(self) -> None:
        for query, words in [
            ({"since": "2001-02-01", "until": "2001-01-01"}, "The last day is before the first."),
            ({"since": "1980-01-01", "until": "2001-01-01"}, "at most 3700 days"),
            ({"until": "soon"}, "Enter a valid date."),
            ({"until": "0001-01-01"}, "This field is required."),
            ({"origin": "ZZZ"}, "There is no airport ZZZ."),
        ]:
            with self.subTest(query):
                self.assertContains(self.client.get("/reports/", query), words, status_code=400)
                self.assertEqual(self.client.get("/reports/routes.csv", query).status_code, 400)

    def test_a_database_without_flights_has_a_report_too(self) -> None:
        Flight.objects.all().delete()
        self.assertContains(self.client.get("/reports/"), "No flights in this period.")

    def read_csv(self, address: str) -> list[list[str]]:
        response = self.client.get(address)
        self.assertEqual(response.status_code, 200)
        self.assertTrue(response.streaming)
        self.assertIn("attachment", response.headers["Content-Disposition"])
        return list(csv.reader(io.StringIO(response.getvalue().decode())))

    def test_routes_download_with_their_figures(self) -> None:
        header, first, second = self.read_csv("/reports/routes.csv?since=2001-01-01&until=2001-01-31")
        self.assertEqual(header, list(queries.ROUTE_COLUMNS))
        self.assertEqual(first, ["SEA", "ORD", "1721", "5", "4", "15.0", "14.5", "0.5"])
        self.assertEqual(second[:4], ["ORD", "JFK", "740", "1"])

    def test_flights_download_in_order_with_empty_delays(self) -> None:
        rows = self.read_csv("/reports/flights.csv?since=2001-01-01&until=2001-01-31")
        self.assertEqual(rows[1], ["2001-01-10T08:00", "SEA", "ORD", "1721", "0"])
        self.assertEqual(rows[-1], ["2001-01-14T08:00", "SEA", "ORD", "1721", ""])
        self.assertEqual(len(rows), 7)

    def test_a_long_download_loses_no_row(self) -> None:
        start = datetime(2005, 1, 1, tzinfo=UTC)
        Flight.objects.bulk_create(
            Flight(
                origin=self.sea, destination=self.ord, departs_at=start + timedelta(minutes=number), distance_miles=1
            )
            for number in range(4_321)
        )
        rows = self.read_csv("/reports/flights.csv?since=2005-01-01&until=2005-01-31")
        self.assertEqual(len({row[0] for row in rows[1:]}), 4_321)

    def test_text_that_a_spreadsheet_would_run_is_defused(self) -> None:
        make_flight(make_airport("=1+"), self.ord, datetime(2006, 1, 1, tzinfo=UTC))
        self.assertEqual(self.read_csv("/reports/routes.csv?since=2006-01-01&until=2006-01-01")[1][0], "'=1+")
