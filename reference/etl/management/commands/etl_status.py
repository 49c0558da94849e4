import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from etl.status import status


class Command(BaseCommand):
    help = "Prints each feed's newest run: release, result and row counts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = status()
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        for feed in found["feeds"]:
            run = feed["last_run"]
            if run is None:
                self.stdout.write(f"{feed['feed']}: never run")
                continue
            rows = ", ".join(f"{count} {name}" for name, count in run["rows"].items())
            self.stdout.write(f"{feed['feed']}: {run['status']} (release {run['release']}); {run['file']}: {rows}")
