"""The reference data that comes with the project: real airports, flights and weather, and a few made-up remarks."""

import uuid
from datetime import UTC, date, datetime

from django.conf import settings

from etl.cycle import run_cycle
from etl.feeds import feed_named
from etl.models import Run
from etl.pipeline import Control, ingest
from flights.models import Airport, Remark

AIRPORTS_FILE = "airports.csv"
FLIGHTS_FILE = "flights-5k.json"

_NAMESPACE = uuid.UUID("5b8d5a0e-6f0e-4a0c-9d0b-3a3c1f6f7a11")

# Airport, kind, day, text, author.
_REMARKS = (
    ("SEA", "facilities", date(2001, 1, 9), "Plenty of power outlets at the north satellite.", "Ana Sofía Peña"),
    ("ORD", "delay", date(2001, 2, 14), "Two hours on the apron in snow; the crew kept us informed.", "T. Okonkwo"),
    ("JFK", "accessibility", date(2001, 1, 22), "The lift to the train was out of order all day.", "Zoë Müller"),
    ("DFW", "baggage", date(2001, 3, 3), "Suitcase arrived a day later, undamaged.", "Nguyễn Thị Hoa"),
    ("HNL", "other", date(2001, 2, 2), "The open-air walkways are a joy.", "Keoni Kahale"),
    ("LAX", "delay", date(2001, 3, 17), "Gate changed four times, then left on time after all.", "李娜"),
)


def load_reference_data() -> list[Run]:
    """Loads the packaged files and remarks. Whatever is there already stays as it is; safe to repeat."""
    outcome = run_cycle(settings.REFERENCE_DATA, Control(), only_changed=False)
    if not outcome.busy:
        _load_remarks()
    return outcome.runs


def load_reference_airports() -> Run:
    """Loads the packaged airports alone."""
    return ingest(feed_named("airports"), settings.REFERENCE_DATA / AIRPORTS_FILE)


def _load_remarks() -> None:
    for number, (code, kind, day, text, author) in enumerate(_REMARKS):
        Remark.objects.get_or_create(
            reference=uuid.uuid5(_NAMESPACE, str(number)),
            defaults={
                "airport": Airport.objects.get(code=code),
                "kind": kind,
                "happened_on": day,
                "text": text,
                "author_name": author,
                "status": Remark.Status.PUBLISHED,
                "created_at": datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
            },
        )
