"""
Flights in any number that look like real ones.

Which routes are flown how often, at which hours and with which delays is drawn from the packaged real flights; the
same seed, number and airports give the same rows.
"""

import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

FIRST_DAY = date(2002, 1, 1)
LAST_DAY = date(2011, 12, 31)

RARE_ROUTES = 600
NOT_REPORTED_SHARE = 0.018

# Demand by weekday (Monday first) and by month, relative to the mean.
_WEEKDAYS = (1.03, 0.98, 1.0, 1.06, 1.09, 0.86, 0.98)
_MONTHS = (0.91, 0.92, 1.04, 1.0, 1.01, 1.07, 1.11, 1.09, 0.93, 0.99, 0.94, 0.99)

EARTH_RADIUS_MILES = 3958.8


@dataclass(frozen=True)
class Place:
    """An airport's primary key and position in degrees."""

    key: int
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Route:
    origin: int
    destination: int
    miles: int


@dataclass(frozen=True)
class FlightRow:
    """Keys of airports; `delay` is None where none was reported."""

    day: date
    minute: int
    route: Route
    delay: int | None

    def copy_line(self) -> str:
        """The row in COPY's text format: departs_at, origin_id, destination_id, distance_miles, delay_minutes."""
        hour, minute = divmod(self.minute, 60)
        delay = r"\N" if self.delay is None else self.delay
        route = self.route
        return f"{self.day} {hour:02}:{minute:02}+00\t{route.origin}\t{route.destination}\t{route.miles}\t{delay}\n"


class FlightGenerator:
    def __init__(self, rows: int, seed: int, real: Sequence[Mapping[str, Any]], places: Mapping[str, Place]) -> None:
        self.rows = rows
        self.random = random.Random(seed)  # noqa: S311  data for tests, not a secret
        self.routes, self.route_weights = self._routes(real, places)
        hours = Counter(int(flight["date"][11:13]) for flight in real)
        self.hours = sorted(hours)
        self.hour_weights = _cumulative([hours[hour] for hour in self.hours])
        self.delays = [flight["delay"] for flight in real]

    def days(self) -> Iterator[list[FlightRow]]:
        """One list a day, in order of departure; `rows` rows in all, no two with the same route and minute."""
        days = [FIRST_DAY + timedelta(days=number) for number in range((LAST_DAY - FIRST_DAY).days + 1)]
        weights = _cumulative([_WEEKDAYS[day.weekday()] * _MONTHS[day.month - 1] for day in days])
        done = 0
        for day, weight in zip(days, weights, strict=True):
            target = round(self.rows * weight / weights[-1])
            yield self._day(day, target - done)
            done = target

    def _day(self, day: date, count: int) -> list[FlightRow]:
        rows: dict[tuple[int, int], FlightRow] = {}
        if count > len(self.routes) * len(self.hours) * 20:
            raise ValueError(f"{self.rows} rows are more than ten years of these routes can hold.")
        while (missing := count - len(rows)) > 0:
            # Rows that repeat a departure are drawn anew.
            for index, hour in zip(self._pick_routes(missing), self._pick_hours(missing), strict=True):
                minute = hour * 60 + int(self.random.random() * 60)
                key = (minute, index)
                if key not in rows:
                    rows[key] = FlightRow(day, minute, self.routes[index], self._delay(day, hour))
        return [rows[key] for key in sorted(rows)]

    def _pick_routes(self, count: int) -> list[int]:
        return self.random.choices(range(len(self.routes)), cum_weights=self.route_weights, k=count)

    def _pick_hours(self, count: int) -> list[int]:
        return self.random.choices(self.hours, cum_weights=self.hour_weights, k=count)

    def _delay(self, day: date, hour: int) -> int | None:
        chance = self.random.random()
        if chance < NOT_REPORTED_SHARE:
            return None
        delay = self.delays[int(self.random.random() * len(self.delays))]
        if delay <= 0:
            return delay
        # Delays add up over the day, and winter storms and summer thunder make them longer.
        longer = 1.25 if day.month in (1, 6, 7, 8, 12) else 1.0
        return min(1200, round(delay * longer * (0.6 + hour / 24)))

    def _routes(
        self, real: Sequence[Mapping[str, Any]], places: Mapping[str, Place]
    ) -> tuple[list[Route], list[float]]:
        flown = Counter((flight["origin"], flight["destination"], flight["distance"]) for flight in real)
        weights: dict[tuple[str, str], float] = {}
        routes: dict[tuple[str, str], Route] = {}
        for (origin, destination, miles), count in sorted(flown.items()):
            routes[origin, destination] = Route(places[origin].key, places[destination].key, miles)
            weights[origin, destination] = count
        codes = sorted(places)
        while len(weights) < len(flown) + RARE_ROUTES and len(codes) > 1:
            origin, destination = self.random.sample(codes, 2)
            if (origin, destination) not in routes:
                miles = max(1, round(_distance(places[origin], places[destination])))
                routes[origin, destination] = Route(places[origin].key, places[destination].key, miles)
                weights[origin, destination] = 0.04
        return list(routes.values()), _cumulative(list(weights.values()))


def _cumulative(weights: Sequence[float]) -> list[float]:
    total = 0.0
    sums = []
    for weight in weights:
        total += weight
        sums.append(total)
    return sums


def _distance(start: Place, end: Place) -> float:
    """Great-circle distance in statute miles."""
    latitude, other = math.radians(start.latitude), math.radians(end.latitude)
    half_chord = (
        math.sin((other - latitude) / 2) ** 2
        + math.cos(latitude) * math.cos(other) * math.sin(math.radians(end.longitude - start.longitude) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_MILES * math.asin(math.sqrt(half_chord))
