import json
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.db.models import Q

from etl.generated_remarks import remarks
from etl.generation import FIRST_DAY, LAST_DAY, FlightGenerator, Place
from etl.locks import FeedBusyError
from etl.reference import FLIGHTS_FILE, load_reference_airports
from flights.models import Airport, Flight, Remark

COLUMNS = "departs_at, origin_id, destination_id, distance_miles, delay_minutes"
COPY = f"COPY flights_flight ({COLUMNS}) FROM STDIN (FORMAT text)"
FLIGHTS_PER_REMARK = 500
PERIOD = (datetime(FIRST_DAY.year, 1, 1, tzinfo=UTC), datetime(LAST_DAY.year + 1, 1, 1, tzinfo=UTC))


class Command(BaseCommand):
    help = (
        f"Generates flights of the years {FIRST_DAY.year} to {LAST_DAY.year}, and remarks, in the shape of production: "
        "all of them or none. The same seed and number give the same rows."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, default=1_000_000, help="flights to generate")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--replace", action="store_true", help="first delete what was generated before")

    def handle(self, *args: Any, **options: Any) -> None:
        rows: int = options["rows"]
        if rows < 1:
            raise CommandError(f"--rows must be at least 1; got {rows}.")
        started = time.monotonic()
        self._load_airports()
        with transaction.atomic():
            if options["replace"]:
                self._delete_generated()
            elif Flight.objects.filter(departs_at__range=PERIOD).exists():
                raise CommandError(
                    f"There are flights of {FIRST_DAY.year} to {LAST_DAY.year} already. Delete them with --replace."
                )
            sample = self._copy_flights(rows, options["seed"])
            written = self._write_remarks(rows, options["seed"], sample)
        seconds = time.monotonic() - started
        self.stdout.write(f"{rows} flights and {written} remarks in {seconds:.1f} s")

    def _load_airports(self) -> None:
        try:
            run = load_reference_airports()
        except FeedBusyError as error:
            raise CommandError(f"{error} Try again when it is done.") from error
        if run.error:
            raise CommandError(run.error)

    def _delete_generated(self) -> None:
        # Plain DELETEs: the ORM would first fetch every row to follow its relations.
        Remark.objects.filter(Q(created_at__range=PERIOD) | Q(flight__departs_at__range=PERIOD)).delete()
        flights = Flight.objects.filter(departs_at__range=PERIOD)
        flights._raw_delete(flights.db)

    def _copy_flights(self, rows: int, seed: int) -> list[tuple[datetime, int, int]]:
        """Natural keys of an even sample of the flights, on which remarks are then written."""
        real = json.loads((settings.REFERENCE_DATA / FLIGHTS_FILE).read_text())
        places = {
            code: Place(key, latitude, longitude)
            for key, code, latitude, longitude in Airport.objects.values_list("pk", "code", "latitude", "longitude")
        }
        generator = FlightGenerator(rows, seed, real, places)
        sample = []
        number = 0
        with connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for day in generator.days():
                copy.write("".join(row.copy_line() for row in day))
                for row in day[-number % FLIGHTS_PER_REMARK :: FLIGHTS_PER_REMARK]:
                    midnight = datetime(row.day.year, row.day.month, row.day.day, tzinfo=UTC)
                    departs_at = midnight + timedelta(minutes=row.minute)
                    sample.append((departs_at, row.route.origin, row.route.destination))
                number += len(day)
        return sample

    def _write_remarks(self, rows: int, seed: int, sample: list[tuple[datetime, int, int]]) -> int:
        # Drawn from the sample, so that busy airports get many remarks.
        airports = [origin for _, origin, _ in sample]
        flights = list(self._keys_and_days(sample))
        made = remarks(rows // FLIGHTS_PER_REMARK, seed, airports, flights, FIRST_DAY, LAST_DAY)
        return len(Remark.objects.bulk_create(made, batch_size=1000))

    def _keys_and_days(self, sample: list[tuple[datetime, int, int]]) -> list[tuple[int, date]]:
        found: dict[tuple[datetime, int, int], int] = {}
        for start in range(0, len(sample), 1000):
            times = [key[0] for key in sample[start : start + 1000]]
            stored = Flight.objects.filter(departs_at__in=times)
            found.update(
                ((departs_at, origin, destination), key)
                for key, departs_at, origin, destination in stored.values_list(
                    "pk", "departs_at", "origin_id", "destination_id"
                )
            )
        return [(found[key], key[0].date()) for key in sample]
