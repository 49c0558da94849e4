import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Airport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        help_text="IATA code, or the FAA's where IATA gives none.",
                        max_length=4,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Z0-9]{3,4}\\Z", "An airport's code has three or four capitals or digits."
                            )
                        ],
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("city", models.CharField(blank=True, max_length=80)),
                (
                    "state",
                    models.CharField(blank=True, help_text="Postal code of the state or territory.", max_length=2),
                ),
                ("country", models.CharField(max_length=60)),
                ("latitude", models.FloatField()),
                ("longitude", models.FloatField()),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Flight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "departs_at",
                    models.DateTimeField(
                        help_text="Scheduled, in local time of the origin. The source gives no time zone; it is kept as UTC.",
                        verbose_name="departure",
                    ),
                ),
                (
                    "distance_miles",
                    models.PositiveIntegerField(
                        help_text="Great-circle distance in statute miles.", verbose_name="distance"
                    ),
                ),
                (
                    "delay_minutes",
                    models.IntegerField(
                        blank=True,
                        help_text="Arrival against schedule; negative is early, empty not reported.",
                        null=True,
                        verbose_name="delay",
                    ),
                ),
                (
                    "destination",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="arrivals",
                        to="flights.airport",
                    ),
                ),
                (
                    "origin",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="departures",
                        to="flights.airport",
                    ),
                ),
            ],
            options={
                "ordering": ["-departs_at", "-id"],
            },
        ),
        migrations.AddConstraint(
            model_name="flight",
            constraint=models.UniqueConstraint(
                fields=("departs_at", "origin", "destination"), name="flight_natural_key"
            ),
        ),
    ]
