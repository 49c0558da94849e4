"""One look at the inbox: every file that is new, changed or unfinished goes through the pipeline."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from etl import records
from etl.feeds import FEEDS, Feed, feed_of
from etl.locks import FeedBusyError, feed_lock
from etl.models import FeedState, Run
from etl.pipeline import Control, ingest, stored_name

logger = logging.getLogger(__name__)

# How many runs of a feed are kept, with the rows that they set aside.
RUNS_KEPT = 200


@dataclass
class Outcome:
    runs: list[Run] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def inbox_files(inbox: Path) -> dict[Feed, list[Path]]:
    """The files of each feed, in the order of the feeds. FileNotFoundError when the directory does not exist."""
    if not inbox.is_dir():
        raise FileNotFoundError(f"ETL_INBOX is not a directory: {inbox}")
    paths = sorted(path for path in inbox.iterdir() if path.is_file())
    return {feed: [path for path in paths if feed_of(path) is feed] for feed in FEEDS}


def run_cycle(inbox: Path, control: Control, *, only_changed: bool) -> Outcome:
    """
    Ingests the inbox. With `only_changed` a file is passed over when this release has finished with the same bytes
    before, be it with success or with a refusal: neither would end differently.

    Raises what `ingest` raises, but for busy feeds, which are listed in the outcome.
    """
    outcome = Outcome()
    for feed, paths in inbox_files(inbox).items():
        if not paths:
            logger.warning("%s: no file in %s matches %s", feed.name, inbox, ", ".join(feed.patterns))
        try:
            _ingest_all(feed, paths, control, outcome, only_changed=only_changed)
        except FeedBusyError as error:
            logger.info("%s", error)
            outcome.busy.append(feed.name)
            # Rows of the feeds behind it refer to its rows: before those are there, they would be refused for good.
            break
        if control.stopping():
            break
        FeedState.objects.update_or_create(
            feed=feed.name, defaults={"checked_at": timezone.now(), "release": settings.RELEASE}
        )
        prune(feed)
    return outcome


def _ingest_all(feed: Feed, paths: Iterable[Path], control: Control, outcome: Outcome, *, only_changed: bool) -> None:
    for path in paths:
        control.alive()
        if control.stopping():
            return
        # Whoever had the feed until now may have finished with this very file.
        with feed_lock(feed.name):
            before = finished_before(feed, path) if only_changed else None
            if before is None:
                outcome.runs.append(ingest(feed, path, control=control))
                continue
        if before.status == Run.Status.FAILED:
            logger.warning("%s: still refused: %s", path.name, before.error)
        outcome.skipped.append(path.name)


def finished_before(feed: Feed, path: Path) -> Run | None:
    """This release's last run of the same bytes under the same name, when it ended by itself."""
    try:
        digest = records.digest_of(path)
    except OSError:
        return None
    last = Run.objects.filter(feed=feed.name, file_name=stored_name(path), release=settings.RELEASE).first()
    ended = last is not None and last.status in (Run.Status.SUCCEEDED, Run.Status.FAILED)
    return last if ended and last.file_digest == digest else None


def prune(feed: Feed) -> None:
    """Removes the oldest runs of a feed beyond RUNS_KEPT."""
    runs = Run.objects.filter(feed=feed.name)
    runs.filter(pk__in=list(runs.values_list("pk", flat=True)[RUNS_KEPT:])).delete()
