import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from etl.worker import Worker


class Command(BaseCommand):
    help = "Ingests the files of ETL_INBOX now and every ETL_INTERVAL_SECONDS, until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.ETL_INBOX.is_dir():
            raise CommandError(f"ETL_INBOX is not a directory: {settings.ETL_INBOX}")
        heartbeat = os.environ.get("WORKER_HEARTBEAT_FILE")
        Worker(settings.ETL_INBOX, settings.ETL_INTERVAL_SECONDS, Path(heartbeat) if heartbeat else None).run()
