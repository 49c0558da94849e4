import uuid

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("flights", "0001_initial"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="WeatherDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("location", models.CharField(help_text="City, spelled as in the airports' records.", max_length=80)),
                ("date", models.DateField()),
                ("precipitation", models.FloatField(help_text="Millimetres.")),
                ("temperature_max", models.FloatField(help_text="Degrees Celsius.")),
                ("temperature_min", models.FloatField(help_text="Degrees Celsius.")),
                ("wind", models.FloatField(blank=True, help_text="Wind speed as the source gives it.", null=True)),
                (
                    "conditions",
                    models.CharField(
                        choices=[
                            ("drizzle", "Drizzle"),
                            ("fog", "Fog"),
                            ("rain", "Rain"),
                            ("snow", "Snow"),
                            ("sun", "Sun"),
                        ],
                        max_length=10,
                    ),
                ),
            ],
            options={
                "ordering": ["location", "-date"],
                "constraints": [models.UniqueConstraint(fields=("location", "date"), name="weather_natural_key")],
            },
        ),
        migrations.CreateModel(
            name="Remark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("delay", "Delay or cancellation"),
                            ("baggage", "Baggage"),
                            ("accessibility", "Accessibility"),
                            ("facilities", "Facilities"),
                            ("other", "Something else"),
                        ],
                        max_length=20,
                    ),
                ),
                ("happened_on", models.DateField(help_text="When it happened.", verbose_name="date")),
                (
                    "text",
                    models.TextField(
                        validators=[
                            django.core.validators.MinLengthValidator(10),
                            django.core.validators.MaxLengthValidator(2000),
                        ]
                    ),
                ),
                ("author_name", models.CharField(max_length=80, verbose_name="your name")),
                (
                    "author_email",
                    models.EmailField(
                        blank=True, help_text="Never published.", max_length=254, verbose_name="your e-mail address"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("received", "Received"), ("published", "Published"), ("declined", "Declined")],
                        db_default="received",
                        default="received",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "airport",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="remarks",
                        to="flights.airport",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "flight",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="remarks",
                        to="flights.flight",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.AddIndex(
            model_name="remark",
            index=models.Index(fields=["status", "-created_at"], name="remark_status_created_at"),
        ),
        migrations.AddConstraint(
            model_name="remark",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("airport__isnull", False), ("flight__isnull", True)),
                    models.Q(("airport__isnull", True), ("flight__isnull", False)),
                    _connector="OR",
                ),
                name="remark_has_one_subject",
            ),
        ),
    ]
