"""Made-up remarks for generated data: people's names in many scripts, gaps, and texts from curt to long."""

import random
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from flights.models import Remark

_NAMESPACE = uuid.UUID("0c1d9a52-30a4-4f0e-8b7b-9d5a50c1c7d4")

_GIVEN = (
    "Ana",
    "Zoë",
    "Øystein",
    "Иван",
    "محمد",
    "李",
    "Nguyễn",
    "José",
    "Siân",
    "Ọlá",
    "Ελένη",
    "Priya",
    "T.",
    "O'Neil",
)
_FAMILY = (
    "Müller",
    "Peña",
    "Ås",
    "Петров",
    "علي",
    "娜",
    "Thị Hoa",
    "Smith-Jones",
    "Ó Briain",
    "Adébáyò",
    "Παππά",
    "Rao",
)
_OPENINGS = (
    "The queue at security took an hour.",
    "Staff at the gate were kind and quick.",
    "No announcement at all, neither on board nor on the screens.",
    "Our suitcase came out last, and wet.",
    "The lift was out of order; we carried the pushchair.",
    "Très bon accueil, merci à toute l'équipe !",
    "Das Gepäck kam erst am nächsten Tag.",
    "飛行機は定刻に出発しました。",
    "Everything on time ✈️👍",
)
_ENDINGS = ("", " We missed our connection.", " Please mend this.", " I would come again.", "\nThanks for reading.")


def remarks(
    count: int, seed: int, airports: Sequence[int], flights: Sequence[tuple[int, date]], first: date, last: date
) -> Iterator[Remark]:
    """
    Unsaved remarks on airports (by primary key) and flights (key and day). Three in ten are on flights.

    An airport that is named more often gets more of them.
    """
    chooser = random.Random(f"remarks {seed}")  # noqa: S311  data for tests, not a secret
    span = (last - first).days
    for number in range(count):
        day = first + timedelta(days=chooser.randrange(span))
        subject: dict[str, int] = {}
        if chooser.random() < 0.3:
            subject["flight_id"], day = chooser.choice(flights)
        else:
            subject["airport_id"] = chooser.choice(airports)
        written = datetime(day.year, day.month, day.day, chooser.randrange(24), chooser.randrange(60), tzinfo=UTC)
        text = " ".join(chooser.choice(_OPENINGS) for _ in range(1 + int(chooser.random() ** 4 * 12)))
        yield Remark(
            reference=uuid.uuid5(_NAMESPACE, f"{seed} {number}"),
            kind=chooser.choice(Remark.Kind.values),
            happened_on=day,
            text=text + chooser.choice(_ENDINGS),
            author_name=f"{chooser.choice(_GIVEN)} {chooser.choice(_FAMILY)}",
            author_email=f"traveller{number}@example.org" if chooser.random() < 0.6 else "",
            status=chooser.choices(Remark.Status.values, (15, 70, 15))[0],
            created_at=min(written, datetime(last.year, last.month, last.day, tzinfo=UTC)),
            **subject,
        )
