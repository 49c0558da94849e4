from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from etl.cycle import run_cycle
from etl.feeds import FEEDS, feed_named, feed_of
from etl.locks import FeedBusyError
from etl.models import Run
from etl.pipeline import Control, ingest


class Command(BaseCommand):
    help = "Ingests all files of ETL_INBOX, or one file, whether or not they changed. Exit status 1 when one fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, help="a single file, anywhere")
        parser.add_argument(
            "--feed", choices=[feed.name for feed in FEEDS], help="the file's feed, where its name does not tell"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        runs = self.run_file(options["file"], options["feed"]) if options["file"] else self.run_inbox(options["feed"])
        for run in runs:
            self.stdout.write(
                f"{run.file_name}: {run.status}; {run.rows_read} read = {run.rows_loaded} loaded + "
                f"{run.rows_updated} updated + {run.rows_unchanged} unchanged + {run.rows_rejected} rejected"
            )
        failed = [f"{run.file_name}: {run.error}" for run in runs if run.status == Run.Status.FAILED]
        if failed:
            raise CommandError("\n".join(failed))

    def run_file(self, path: Path, name: str | None) -> list[Run]:
        feed = feed_named(name) if name else feed_of(path)
        if feed is None:
            raise CommandError(f"{path.name} matches no feed. Name the feed with --feed.")
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        try:
            return [ingest(feed, path)]
        except FeedBusyError as error:
            raise CommandError(f"{error} Try again when it is done.") from error

    def run_inbox(self, name: str | None) -> list[Run]:
        if name:
            raise CommandError("--feed goes with --file.")
        try:
            outcome = run_cycle(settings.ETL_INBOX, Control(), only_changed=False)
        except FileNotFoundError as error:
            raise CommandError(str(error)) from error
        if outcome.busy:
            raise CommandError(f"Another process is working on: {', '.join(outcome.busy)}. Try again when it is done.")
        return outcome.runs
