from django.db import models
from django.db.models import F


class Run(models.Model):
    """One file's way into the database. At every commit each row that was read is accounted for exactly once."""

    class Status(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        INTERRUPTED = "interrupted"
        ABANDONED = "abandoned"

    feed = models.CharField(max_length=40)
    file_name = models.CharField(max_length=255)
    file_digest = models.CharField(max_length=64, help_text="SHA-256 of the file's bytes.")
    release = models.CharField(max_length=80, default="", db_default="")
    status = models.CharField(max_length=12, choices=Status, default=Status.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    rows_read = models.PositiveIntegerField(default=0, help_text="Also the checkpoint from which a rerun goes on.")
    rows_loaded = models.PositiveIntegerField(default=0)
    rows_updated = models.PositiveIntegerField(default=0)
    rows_unchanged = models.PositiveIntegerField(default=0)
    rows_rejected = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    rows_read=F("rows_loaded") + F("rows_updated") + F("rows_unchanged") + F("rows_rejected")
                ),
                name="run_counts_reconcile",
            ),
        ]
        indexes = [models.Index(fields=["feed", "-started_at"], name="run_feed_started_at")]

    def __str__(self) -> str:
        return f"{self.feed}: {self.file_name}, {self.status}"


class RejectedRow(models.Model):
    """A row set aside, with what was wrong with it."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="rejected", db_index=False)
    line = models.PositiveIntegerField(help_text="Line of a CSV file on which the row begins; item of a JSON list.")
    reason = models.TextField()
    raw = models.TextField(help_text="The row as it was read, as JSON.")

    class Meta:
        ordering = ["run", "line"]
        constraints = [models.UniqueConstraint(fields=["run", "line"], name="rejected_row_once")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class FeedState(models.Model):
    """When a feed's files were last looked at, and by which release, whether or not there was anything to do."""

    feed = models.CharField(max_length=40, unique=True)
    checked_at = models.DateTimeField()
    release = models.CharField(max_length=80, default="", db_default="")

    class Meta:
        ordering = ["feed"]

    def __str__(self) -> str:
        return f"{self.feed}, checked {self.checked_at:%Y-%m-%d %H:%M}"
