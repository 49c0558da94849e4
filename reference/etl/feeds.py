"""The feeds: which files belong to them, which columns are agreed on, and what a row must be to be loaded."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from django.db import models

from etl import values
from etl.values import RowError
from flights.models import Airport, Flight, WeatherDay
from flights.regions import region_of

Row = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Feed:
    """
    `parse` gets a record's values and what `prepare` returned (once a run) and gives the model's field values.

    `key` names the fields that identify a row, the first of them the one by which existing rows are looked up.
    """

    name: str
    patterns: Sequence[str]
    columns: Sequence[str]
    model: type[models.Model]
    key: Sequence[str]
    parse: Callable[[Mapping[str, Any], Any], Row]
    prepare: Callable[[], Any] = field(default=lambda: None)

    def accepts(self, path: Path) -> bool:
        return any(fnmatch(path.name.lower(), pattern) for pattern in self.patterns)

    def key_of(self, row: Row) -> Key:
        return tuple(row[name] for name in self.key)

    def existing(self, rows: Iterable[Row]) -> dict[Key, models.Model]:
        """The stored instances with the keys of these rows, locked until the transaction ends."""
        first = self.key[0]
        wanted = {self.key_of(row) for row in rows}
        stored = self.model._default_manager.select_for_update().filter(**{f"{first}__in": {key[0] for key in wanted}})
        found = {tuple(getattr(instance, name) for name in self.key): instance for instance in stored}
        return {key: instance for key, instance in found.items() if key in wanted}


class _Fields:
    """Collects the faults of all of a row's fields, so that whoever mends the row mends it once."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record
        self.faults: list[str] = []

    def take(self, column: str, convert: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if column not in self.record:
            self.faults.append(f"{column} is missing")
            return None
        try:
            return convert(self.record[column], *args, **kwargs)
        except RowError as fault:
            self.faults.append(f"{column} {fault}")
            return None

    def check(self) -> None:
        if self.faults:
            raise RowError("; ".join(self.faults))


def parse_airport(record: Mapping[str, Any], _: None) -> Row:
    fields = _Fields(record)
    row = {
        "code": fields.take("iata", values.airport_code),
        "name": fields.take("name", values.text, longest=120),
        "city": fields.take("city", values.text, longest=80, required=False),
        "state": fields.take("state", values.text, longest=2, required=False),
        "country": fields.take("country", values.text, longest=60),
        "latitude": fields.take("latitude", values.number, low=-90, high=90),
        "longitude": fields.take("longitude", values.number, low=-180, high=180),
    }
    fields.check()
    # The source writes NA where it does not know; there is no state and no city of that name.
    for name in ("city", "state"):
        if row[name] == "NA":
            row[name] = ""
    row["region"] = region_of(row["state"])
    return row


def airport_keys() -> dict[str, int]:
    return dict(Airport.objects.values_list("code", "pk"))


def _known_airport(value: Any, keys: Mapping[str, int]) -> int:
    code = values.airport_code(value)
    if code not in keys:
        raise RowError(f"is not a known airport; got '{code}'")
    return keys[code]


def _delay(value: Any) -> int | None:
    if value is None or value == "":
        return None
    return values.whole_number(value, low=-1440, high=2880)


def parse_flight(record: Mapping[str, Any], keys: Mapping[str, int]) -> Row:
    fields = _Fields(record)
    row = {
        "departs_at": fields.take("date", values.minute, earliest=date(1987, 1, 1)),
        "origin_id": fields.take("origin", _known_airport, keys),
        "destination_id": fields.take("destination", _known_airport, keys),
        "distance_miles": fields.take("distance", values.whole_number, low=1, high=12_500),
        "delay_minutes": fields.take("delay", _delay),
    }
    fields.check()
    if row["origin_id"] == row["destination_id"]:
        raise RowError("destination is the same airport as origin")
    return row


def _wind(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return values.number(value, low=0, high=150)


def parse_weather(record: Mapping[str, Any], _: None) -> Row:
    fields = _Fields(record)
    row = {
        "location": fields.take("location", values.text, longest=80),
        "date": fields.take("date", values.day, earliest=date(1850, 1, 1)),
        "precipitation": fields.take("precipitation", values.number, low=0, high=2000),
        "temperature_max": fields.take("temp_max", values.number, low=-90, high=60),
        "temperature_min": fields.take("temp_min", values.number, low=-90, high=60),
        "wind": fields.take("wind", _wind),
        "conditions": fields.take("weather", values.one_of, WeatherDay.Conditions.values),
    }
    fields.check()
    if row["temperature_min"] > row["temperature_max"]:
        raise RowError(f"temp_min {row['temperature_min']:g} is above temp_max {row['temperature_max']:g}")
    return row


# In the order in which they depend on each other: flights name airports.
FEEDS = (
    Feed(
        name="airports",
        patterns=("airports*.csv", "airports*.json"),
        columns=("iata", "name", "city", "state", "country", "latitude", "longitude"),
        model=Airport,
        key=("code",),
        parse=parse_airport,
    ),
    Feed(
        name="flights",
        patterns=("flights*.csv", "flights*.json"),
        columns=("date", "delay", "distance", "origin", "destination"),
        model=Flight,
        key=("departs_at", "origin_id", "destination_id"),
        parse=parse_flight,
        prepare=airport_keys,
    ),
    Feed(
        name="weather",
        patterns=("weather*.csv", "weather*.json"),
        columns=("location", "date", "precipitation", "temp_max", "temp_min", "wind", "weather"),
        model=WeatherDay,
        key=("date", "location"),
        parse=parse_weather,
    ),
)


def feed_named(name: str) -> Feed:
    """KeyError for a name that no feed has."""
    return {feed.name: feed for feed in FEEDS}[name]


def feed_of(path: Path) -> Feed | None:
    return next((feed for feed in FEEDS if feed.accepts(path)), None)
