"""Takes one file into the database, batch by batch, accounting for every row."""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, connection, models, transaction
from django.utils import timezone

from etl import records
from etl.feeds import Feed, Key, Row
from etl.locks import feed_lock
from etl.models import RejectedRow, Run
from etl.records import ContractError, Record
from etl.values import RowError

logger = logging.getLogger(__name__)

# A file most of whose rows are refused has changed its meaning, whatever its columns are called.
REJECTED_SHARE_LIMIT = 0.5

# A batch that cannot get its rows' locks, or takes this long, fails and is retried rather than stall the worker.
SESSION_LIMITS = "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '60s'"


@dataclass(frozen=True)
class Control:
    """What ties a run to its process: whether to stop after the current batch, and a sign of life after each."""

    stopping: Callable[[], bool] = lambda: False
    alive: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Candidate:
    record: Record
    row: Row


@dataclass
class Batch:
    """Records of one transaction, sorted into rows to store and rows to set aside."""

    candidates: list[Candidate]
    rejected: list[tuple[Record, str]]

    def __len__(self) -> int:
        return len(self.candidates) + len(self.rejected)


def ingest(feed: Feed, path: Path, *, control: Control | None = None) -> Run:
    """
    Loads the file and returns its run: succeeded, failed (with the reason) or interrupted (a later call goes on).

    Raises FeedBusyError while another process has the feed, and DatabaseError when the database is at fault; what was
    committed until then stays, and the next call goes on behind it.
    """
    control = control or Control()
    with feed_lock(feed.name):
        run = None
        try:
            with records.opened(path, feed.columns, settings.ETL_ROW_FLOOR) as source:
                run = _begin(feed, path, source.digest)
                if source.unexpected_columns:
                    logger.warning("%s has columns that are not used: %s", path.name, list(source.unexpected_columns))
                _load(feed, run, source.records, control)
        except DatabaseError:
            raise
        except (ContractError, OSError) as error:
            run = _fail(run or _begin(feed, path, _digest_or_empty(path)), str(error))
        except Exception as error:
            # A fault of this program must show in the run's record too; the file would meet it again at each attempt.
            logger.exception("%s: unexpected fault", path.name)
            run = _fail(run or _begin(feed, path, _digest_or_empty(path)), f"{type(error).__name__}: {error}")
        _log_end(run)
        return run


def _begin(feed: Feed, path: Path, digest: str) -> Run:
    """The unfinished run of the same bytes by the same release, or else a new one."""
    name = stored_name(path)
    # Nobody else works on this feed while its lock is held, so whatever is unfinished has lost its process.
    unfinished = Run.objects.filter(feed=feed.name, status__in=[Run.Status.RUNNING, Run.Status.INTERRUPTED])
    run = unfinished.filter(file_name=name, file_digest=digest, release=settings.RELEASE).first()
    others = unfinished.exclude(pk=run.pk) if run else unfinished
    others.update(status=Run.Status.ABANDONED, finished_at=timezone.now())
    if run:
        logger.info("%s: going on behind row %d", path.name, run.rows_read)
        run.status = Run.Status.RUNNING
        run.finished_at = None
        run.save(update_fields=["status", "finished_at"])
        return run
    return Run.objects.create(
        feed=feed.name,
        file_name=name,
        file_digest=digest,
        release=settings.RELEASE,
        started_at=timezone.now(),
    )


def _load(feed: Feed, run: Run, source: Iterator[Record], control: Control) -> None:
    context = feed.prepare()
    seen: dict[Key, int] = {}
    # Rows behind the checkpoint are accounted for; they are read again only so that repetitions of them are found.
    _sort(feed, islice(source, run.rows_read), context, seen)
    while True:
        control.alive()
        if control.stopping():
            run.status = Run.Status.INTERRUPTED
            break
        batch = _sort(feed, islice(source, settings.ETL_BATCH_SIZE), context, seen)
        if not len(batch):
            run.status = Run.Status.SUCCEEDED
            if run.rows_rejected > REJECTED_SHARE_LIMIT * run.rows_read:
                run.status = Run.Status.FAILED
                run.error = (
                    f"{run.rows_rejected} of {run.rows_read} rows were rejected; more than "
                    f"{REJECTED_SHARE_LIMIT:.0%} means that the file is not what was agreed on."
                )
            break
        _store(feed, run, batch)
    run.finished_at = timezone.now()
    run.save(update_fields=["status", "error", "finished_at"])


def _sort(feed: Feed, source: Iterator[Record], context: object, seen: dict[Key, int]) -> Batch:
    """Consumes the source. `seen` maps each key met in this file to its line, and grows."""
    batch = Batch([], [])
    for record in source:
        try:
            if record.fault:
                raise RowError(record.fault)
            row = feed.parse(record.values, context)
            first = seen.setdefault(feed.key_of(row), record.line)
            if first != record.line:
                raise RowError(f"repeats line {first}")
        except RowError as fault:
            batch.rejected.append((record, str(fault)))
        else:
            batch.candidates.append(Candidate(record, row))
    return batch


def _store(feed: Feed, run: Run, batch: Batch) -> None:
    """One transaction: the rows, what was set aside, and the run's counts, which are its checkpoint."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(SESSION_LIMITS)
        counts = _upsert_or_reject(feed, batch)
        run.rows_read += len(batch)
        run.rows_loaded += counts["loaded"]
        run.rows_updated += counts["updated"]
        run.rows_unchanged += counts["unchanged"]
        run.rows_rejected += len(batch.rejected)
        RejectedRow.objects.bulk_create(
            RejectedRow(run=run, line=record.line, reason=reason, raw=record.raw) for record, reason in batch.rejected
        )
        run.save(update_fields=["rows_read", "rows_loaded", "rows_updated", "rows_unchanged", "rows_rejected"])


def _upsert_or_reject(feed: Feed, batch: Batch) -> dict[str, int]:
    try:
        with transaction.atomic():
            return _upsert(feed, [candidate.row for candidate in batch.candidates])
    except (DataError, IntegrityError):
        # The database refused some row that the feed's own rules let pass: find it, and keep the others.
        pass
    totals = {"loaded": 0, "updated": 0, "unchanged": 0}
    refused: list[Candidate] = []
    for candidate in batch.candidates:
        try:
            with transaction.atomic():
                for name, count in _upsert(feed, [candidate.row]).items():
                    totals[name] += count
        except (DataError, IntegrityError) as error:
            batch.rejected.append((candidate.record, f"refused by the database: {str(error).splitlines()[0]}"))
            refused.append(candidate)
    batch.candidates = [candidate for candidate in batch.candidates if candidate not in refused]
    return totals


def _upsert(feed: Feed, rows: list[Row]) -> dict[str, int]:
    if not rows:
        return {"loaded": 0, "updated": 0, "unchanged": 0}
    existing = feed.existing(rows)
    created: list[models.Model] = []
    changed: list[models.Model] = []
    for row in rows:
        instance = existing.get(feed.key_of(row))
        if instance is None:
            created.append(feed.model(**row))
        elif any(getattr(instance, name) != value for name, value in row.items()):
            for name, value in row.items():
                setattr(instance, name, value)
            changed.append(instance)
    keys = [name.removesuffix("_id") for name in feed.key]
    others = [name.removesuffix("_id") for name in rows[0] if name not in feed.key]
    # Between the look-up and here an editor may have stored the same key by hand; the file's row then wins.
    feed.model._default_manager.bulk_create(created, update_conflicts=True, unique_fields=keys, update_fields=others)
    feed.model._default_manager.bulk_update(changed, others)
    return {"loaded": len(created), "updated": len(changed), "unchanged": len(rows) - len(created) - len(changed)}


def stored_name(path: Path) -> str:
    """The file's name as text that PostgreSQL can hold, whatever bytes the file system allowed."""
    return os.fsencode(path.name).decode("utf-8", "replace")[:255]


def _fail(run: Run, reason: str) -> Run:
    run.refresh_from_db()
    run.status = Run.Status.FAILED
    run.error = reason
    run.finished_at = timezone.now()
    run.save(update_fields=["status", "error", "finished_at"])
    return run


def _digest_or_empty(path: Path) -> str:
    try:
        return records.digest_of(path)
    except OSError:
        return ""


def _log_end(run: Run) -> None:
    message = "%s: %s, %d read = %d loaded + %d updated + %d unchanged + %d rejected%s"
    counts = (run.rows_read, run.rows_loaded, run.rows_updated, run.rows_unchanged, run.rows_rejected)
    level = logging.ERROR if run.status == Run.Status.FAILED else logging.INFO
    logger.log(level, message, run.file_name, run.status, *counts, f"; {run.error}" if run.error else "")
