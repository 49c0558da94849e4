"""What the feeds' state is, for the status command and the data page."""

from typing import Any

from etl.feeds import FEEDS
from etl.models import FeedState, Run


def run_summary(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "id": run.pk,
        "feed": run.feed,
        "file": run.file_name,
        "release": run.release,
        "status": run.status,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "rows": {
            "read": run.rows_read,
            "loaded": run.rows_loaded,
            "updated": run.rows_updated,
            "unchanged": run.rows_unchanged,
            "rejected": run.rows_rejected,
        },
        "error": run.error,
    }


def feed_states() -> list[dict[str, Any]]:
    """For each feed: when it was last checked, by which release, and its newest run (None before the first)."""
    states = {state.feed: state for state in FeedState.objects.all()}
    newest = Run.objects.order_by("feed", "-started_at", "-id").distinct("feed")
    runs = {run.feed: run for run in newest}
    return [
        {"feed": feed, "state": states.get(feed.name), "run": runs.get(feed.name), "columns": feed.columns}
        for feed in FEEDS
    ]


def status() -> dict[str, Any]:
    """JSON-ready: `last_run` over all feeds, and each feed's `checked_at`, `release` and newest run."""
    return {
        "last_run": run_summary(Run.objects.first()),
        "feeds": [
            {
                "feed": entry["feed"].name,
                "checked_at": entry["state"].checked_at.isoformat() if entry["state"] else None,
                "release": entry["state"].release if entry["state"] else None,
                "last_run": run_summary(entry["run"]),
            }
            for entry in feed_states()
        ],
    }
