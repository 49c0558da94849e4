from typing import Any

from django.core.management.base import BaseCommand, CommandError

from etl.feeds import FEEDS
from etl.models import Run
from etl.reference import load_reference_data


class Command(BaseCommand):
    help = "Loads the small data set that comes with the project. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        runs = load_reference_data()
        for run in runs:
            self.stdout.write(f"{run.file_name}: {run.status}, {run.rows_loaded} of {run.rows_read} rows new")
        if len(runs) < len(FEEDS) or any(run.status != Run.Status.SUCCEEDED for run in runs):
            raise CommandError("Not everything was loaded: see the log above; try again when no ETL worker is at it.")
