"""Reports must say the same as the API and the database, in the page and in what is downloaded."""

import csv
import io
import re
from typing import Any

import psycopg
import pytest
from conftest import Client

PERIOD = {"since": "2001-02-01", "until": "2001-02-14"}
_WHERE = "departs_at >= '2001-02-01T00:00Z' AND departs_at < '2001-02-15T00:00Z'"


def table(client: Client, path: str, **parameters: str) -> list[dict[str, str]]:
    answer = client.get(path, **parameters)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def ask(database: psycopg.Connection, query: str) -> tuple[Any, ...]:
    with database.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone() or ()


def test_all_flights_are_in_the_download(client: Client, database: psycopg.Connection) -> None:
    rows = table(client, "/reports/flights.csv", **PERIOD)
    stored = ask(
        database, f"SELECT count(*), sum(distance_miles), sum(delay_minutes) FROM flights_flight WHERE {_WHERE}"
    )
    assert rows
    delays = [int(row["delay_minutes"]) for row in rows if row["delay_minutes"] != ""]
    assert (len(rows), sum(int(row["distance_miles"]) for row in rows), sum(delays)) == stored


def test_the_download_is_what_the_api_says(client: Client) -> None:
    rows = table(client, "/reports/flights.csv", **PERIOD, origin="SEA")
    flights = client.all(
        "/api/v1/flights/", origin="SEA", departs_after="2001-02-01T00:00Z", departs_before="2001-02-15T00:00Z"
    )
    assert rows
    assert sorted((row["departs_at"], row["destination"], row["delay_minutes"]) for row in rows) == sorted(
        (
            flight["departs_at"][:16],
            flight["destination_code"],
            "" if flight["delay_minutes"] is None else str(flight["delay_minutes"]),
        )
        for flight in flights
    )


def test_routes_add_up_to_all_flights(client: Client, database: psycopg.Connection) -> None:
    routes = table(client, "/reports/routes.csv", **PERIOD)
    flights, reported = ask(database, f"SELECT count(*), count(delay_minutes) FROM flights_flight WHERE {_WHERE}")
    assert sum(int(route["flights"]) for route in routes) == flights
    assert sum(int(route["delays_reported"]) for route in routes) == reported
    counts = [int(route["flights"]) for route in routes]
    assert counts == sorted(counts, reverse=True)


def test_the_page_shows_the_database_s_figures(client: Client, database: psycopg.Connection) -> None:
    page = client.get("/reports/", **PERIOD)
    assert page.status_code == 200
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page.text))
    flights, reported, mean = ask(
        database,
        f"SELECT count(*), count(delay_minutes), avg(delay_minutes)::float8 FROM flights_flight WHERE {_WHERE}",
    )
    assert facts["Flights"] == f"{flights:,}"
    assert facts["Delay reported"] == f"{reported:,}"
    assert float(facts["Mean delay"].removesuffix(" min")) == pytest.approx(mean, abs=0.051)


@pytest.mark.parametrize("path", ["/reports/", "/reports/routes.csv", "/reports/flights.csv"])
def test_a_period_that_ends_before_it_begins_is_refused(client: Client, path: str) -> None:
    answer = client.get(path, since="2001-02-14", until="2001-02-01")
    assert answer.status_code == 400
    assert "The last day is before the first." in answer.text
