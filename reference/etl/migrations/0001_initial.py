import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="FeedState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("feed", models.CharField(max_length=40, unique=True)),
                ("checked_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["feed"],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("feed", models.CharField(max_length=40)),
                ("file_name", models.CharField(max_length=255)),
                ("file_digest", models.CharField(help_text="SHA-256 of the file's bytes.", max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("interrupted", "Interrupted"),
                            ("abandoned", "Abandoned"),
                        ],
                        default="running",
                        max_length=12,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "rows_read",
                    models.PositiveIntegerField(default=0, help_text="Also the checkpoint from which a rerun goes on."),
                ),
                ("rows_loaded", models.PositiveIntegerField(default=0)),
                ("rows_updated", models.PositiveIntegerField(default=0)),
                ("rows_unchanged", models.PositiveIntegerField(default=0)),
                ("rows_rejected", models.PositiveIntegerField(default=0)),
                ("error", models.TextField(blank=True, default="")),
            ],
            options={
                "ordering": ["-started_at", "-id"],
                "indexes": [models.Index(fields=["feed", "-started_at"], name="run_feed_started_at")],
            },
        ),
        migrations.CreateModel(
            name="RejectedRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "line",
                    models.PositiveIntegerField(
                        help_text="Line of a CSV file on which the row begins; item of a JSON list."
                    ),
                ),
                ("reason", models.TextField()),
                ("raw", models.TextField(help_text="The row as it was read, as JSON.")),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rejected",
                        to="etl.run",
                    ),
                ),
            ],
            options={
                "ordering": ["run", "line"],
                "constraints": [models.UniqueConstraint(fields=("run", "line"), name="rejected_row_once")],
            },
        ),
    ]
