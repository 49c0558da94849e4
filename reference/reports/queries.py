"""Aggregates over flights, as SQL on the reporting alias: its role may read and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connections

from flights.delays import DELAYED_FROM_MINUTES

ALIAS = "report"

ROUTE_COLUMNS = (
    *("origin", "destination", "distance_miles", "flights", "delays_reported"),
    *("mean_delay_minutes", "median_delay_minutes", "delayed_share"),
)
FLIGHT_COLUMNS = ("departs_at", "origin", "destination", "distance_miles", "delay_minutes")

_IN_PERIOD = """
    f.departs_at >= %(since)s AND f.departs_at < %(before)s
    AND (%(origin)s::bigint IS NULL OR f.origin_id = %(origin)s)
"""

_TOTALS = f"""
    SELECT count(*), count(delay_minutes), avg(delay_minutes)::float8,
           (count(*) FILTER (WHERE delay_minutes >= {DELAYED_FROM_MINUTES}))::float8 / nullif(count(delay_minutes), 0)
    FROM flights_flight f WHERE {_IN_PERIOD}
"""

_BY_HOUR = f"""
    SELECT extract(hour FROM f.departs_at AT TIME ZONE 'UTC')::int AS hour, count(*), avg(delay_minutes)::float8
    FROM flights_flight f WHERE {_IN_PERIOD}
    GROUP BY hour ORDER BY hour
"""

_BY_STEP = f"""
    SELECT date_trunc(%(step)s, f.departs_at AT TIME ZONE 'UTC')::date AS start, count(*)
    FROM flights_flight f WHERE {_IN_PERIOD}
    GROUP BY start ORDER BY start
"""

_ROUTES = f"""
    SELECT o.code, d.code, route.miles, route.flights, route.reported,
           route.mean, route.median, round(route.delayed::numeric / nullif(route.reported, 0), 4)::float8
    FROM (
        SELECT f.origin_id, f.destination_id, min(f.distance_miles) AS miles, count(*) AS flights,
               count(f.delay_minutes) AS reported,
               round(avg(f.delay_minutes), 1)::float8 AS mean,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY f.delay_minutes) AS median,
               count(*) FILTER (WHERE f.delay_minutes >= {DELAYED_FROM_MINUTES}) AS delayed
        FROM flights_flight f WHERE {_IN_PERIOD}
        GROUP BY f.origin_id, f.destination_id
    ) route
    JOIN flights_airport o ON o.id = route.origin_id
    JOIN flights_airport d ON d.id = route.destination_id
    ORDER BY route.flights DESC, o.code, d.code
"""

_FLIGHTS = f"""
    SELECT to_char(f.departs_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI'), o.code, d.code, f.distance_miles,
           f.delay_minutes
    FROM flights_flight f
    JOIN flights_airport o ON o.id = f.origin_id
    JOIN flights_airport d ON d.id = f.destination_id
    WHERE {_IN_PERIOD}
    ORDER BY f.departs_at, f.id
"""

_LATEST = "SELECT max(departs_at) FROM flights_flight"


@dataclass(frozen=True)
class Period:
    """Whole days, both included, and the origin's primary key or None for all."""

    since: date
    until: date
    origin: int | None = None

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    def parameters(self) -> dict[str, Any]:
        return {
            "since": f"{self.since}T00:00:00Z",
            "before": f"{self.until + timedelta(days=1)}T00:00:00Z",
            "origin": self.origin,
        }


@dataclass(frozen=True)
class Totals:
    """`mean_delay` in minutes and `delayed_share` in 0..1 are None where no delay was reported."""

    flights: int
    reported: int
    mean_delay: float | None
    delayed_share: float | None


@dataclass(frozen=True)
class HourOfDay:
    hour: int
    flights: int
    mean_delay: float | None


@dataclass(frozen=True)
class Step:
    """Flights that left in the day, week or month that begins at `start`."""

    start: date
    flights: int


def latest_departure() -> datetime | None:
    """The last departure on record: the day that a report on the present ends with."""
    latest: datetime | None = _rows(_LATEST, {})[0][0]
    return latest


def totals(period: Period) -> Totals:
    return Totals(*_rows(_TOTALS, period.parameters())[0])


def by_hour(period: Period) -> list[HourOfDay]:
    return [HourOfDay(*row) for row in _rows(_BY_HOUR, period.parameters())]


def by_step(period: Period, step: str) -> list[Step]:
    """`step` is 'day', 'week' or 'month'. Steps without a flight are left out."""
    return [Step(*row) for row in _rows(_BY_STEP, period.parameters() | {"step": step})]


def top_routes(period: Period, limit: int) -> list[dict[str, Any]]:
    rows = _rows(f"{_ROUTES} LIMIT %(limit)s", period.parameters() | {"limit": limit})
    return [dict(zip(ROUTE_COLUMNS, row, strict=True)) for row in rows]


def stream_routes(period: Period) -> Iterator[Sequence[Any]]:
    return _stream(_ROUTES, period)


def stream_flights(period: Period) -> Iterator[Sequence[Any]]:
    return _stream(_FLIGHTS, period)


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _stream(sql: str, period: Period) -> Iterator[Sequence[Any]]:
    """
    Rows by a cursor of the server, so that neither side holds them all.

    The query starts here, not at the first row: what is wrong with it must show before the answer has begun.
    """
    cursor = connections[ALIAS].chunked_cursor()
    try:
        cursor.execute(sql, period.parameters())
    except BaseException:
        cursor.close()
        raise
    return _drain(cursor)


def _drain(cursor: Any) -> Iterator[Sequence[Any]]:
    with cursor:
        while rows := cursor.fetchmany(2_000):
            yield from rows
