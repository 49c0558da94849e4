"""Records that tests start from."""

from datetime import UTC, date, datetime
from typing import Any

from flights.models import Airport, Flight, Remark


def make_airport(code: str = "SEA", **values: Any) -> Airport:
    defaults = {
        "name": f"{code} International",
        "city": "Seattle",
        "state": "WA",
        "country": "USA",
        "latitude": 47.45,
        "longitude": -122.31,
        "region": "West",
    }
    return Airport.objects.create(code=code, **(defaults | values))


def make_flight(origin: Airport, destination: Airport, departs_at: datetime | None = None, **values: Any) -> Flight:
    return Flight.objects.create(
        origin=origin,
        destination=destination,
        departs_at=departs_at or datetime(2001, 1, 15, 8, 30, tzinfo=UTC),
        **({"distance_miles": 679, "delay_minutes": 12} | values),
    )


def make_remark(**values: Any) -> Remark:
    defaults = {
        "kind": Remark.Kind.OTHER,
        "happened_on": date(2001, 1, 15),
        "text": "Quick and friendly at the desk.",
        "author_name": "Ana Peña",
        "author_email": "ana@example.org",
        "status": Remark.Status.PUBLISHED,
    }
    return Remark.objects.create(**(defaults | values))
