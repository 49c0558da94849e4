import uuid

from django.contrib.auth import get_user_model
from django.core.validators import MaxLengthValidator, MinLengthValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from flights.regions import REGIONS


class Airport(models.Model):
    code = models.CharField(
        max_length=4,
        unique=True,
        validators=[RegexValidator(r"\A[A-Z0-9]{3,4}\Z", "An airport's code has three or four capitals or digits.")],
        help_text="IATA code, or the FAA's where IATA gives none.",
    )
    name = models.CharField(max_length=120)
    city = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=2, blank=True, help_text="Postal code of the state or territory.")
    country = models.CharField(max_length=60)
    latitude = models.FloatField()
    longitude = models.FloatField()
    region = models.CharField(
        max_length=20, blank=True, default="", db_default="", choices=[(name, name) for name in REGIONS]
    )
    photo = models.ImageField(upload_to="airports/", blank=True, default="", db_default="")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("airport", args=[self.code])

    @property
    def place(self) -> str:
        return ", ".join(part for part in (self.city, self.state, self.country) if part)


class Flight(models.Model):
    departs_at = models.DateTimeField(
        "departure",
        help_text="Scheduled, in local time of the origin. The source gives no time zone; it is kept as UTC.",
    )
    # The indexes on (airport, departure) and the unique constraint serve what an index on the key alone would.
    origin = models.ForeignKey(Airport, models.PROTECT, related_name="departures", db_index=False)
    destination = models.ForeignKey(Airport, models.PROTECT, related_name="arrivals", db_index=False)
    distance_miles = models.PositiveIntegerField("distance", help_text="Great-circle distance in statute miles.")
    delay_minutes = models.IntegerField(
        "delay", null=True, blank=True, help_text="Arrival against schedule; negative is early, empty not reported."
    )

    class Meta:
        ordering = ["-departs_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["departs_at", "origin", "destination"], name="flight_natural_key"),
            models.CheckConstraint(condition=~Q(origin=F("destination")), name="flight_goes_elsewhere"),
            models.CheckConstraint(condition=Q(distance_miles__gt=0), name="flight_has_distance"),
        ]
        indexes = [
            models.Index(fields=["origin", "departs_at"], name="flight_origin_departs_at"),
            models.Index(fields=["destination", "departs_at"], name="flight_destination_departs_at"),
        ]

    def __str__(self) -> str:
        return f"{self.origin.code} to {self.destination.code}, {self.departs_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("flight", args=[self.pk])


class WeatherDay(models.Model):
    class Conditions(models.TextChoices):
        DRIZZLE = "drizzle"
        FOG = "fog"
        RAIN = "rain"
        SNOW = "snow"
        SUN = "sun"

    location = models.CharField(max_length=80, help_text="City, spelled as in the airports' records.")
    date = models.DateField()
    precipitation = models.FloatField(help_text="Millimetres.")
    temperature_max = models.FloatField(help_text="Degrees Celsius.")
    temperature_min = models.FloatField(help_text="Degrees Celsius.")
    wind = models.FloatField(null=True, blank=True, help_text="Wind speed as the source gives it.")
    conditions = models.CharField(max_length=10, choices=Conditions)

    class Meta:
        ordering = ["location", "-date"]
        constraints = [
            models.UniqueConstraint(fields=["location", "date"], name="weather_natural_key"),
        ]

    def __str__(self) -> str:
        return f"{self.location}, {self.date}"


class RemarkQuerySet(models.QuerySet["Remark"]):
    def published(self) -> "RemarkQuerySet":
        return self.filter(status=Remark.Status.PUBLISHED)


class Remark(models.Model):
    """What a traveller reports on an airport or a flight. It is public only once an editor has published it."""

    class Kind(models.TextChoices):
        DELAY = "delay", "Delay or cancellation"
        BAGGAGE = "baggage", "Baggage"
        ACCESSIBILITY = "accessibility", "Accessibility"
        FACILITIES = "facilities", "Facilities"
        OTHER = "other", "Something else"

    class Status(models.TextChoices):
        RECEIVED = "received"
        PUBLISHED = "published"
        DECLINED = "declined"

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    airport = models.ForeignKey(Airport, models.CASCADE, null=True, blank=True, related_name="remarks")
    flight = models.ForeignKey(Flight, models.CASCADE, null=True, blank=True, related_name="remarks")
    kind = models.CharField(max_length=20, choices=Kind)
    happened_on = models.DateField("date", help_text="When it happened.")
    text = models.TextField(validators=[MinLengthValidator(10), MaxLengthValidator(2000)])
    author_name = models.CharField("your name", max_length=80)
    author_email = models.EmailField("your e-mail address", blank=True, help_text="Never published.")
    author = models.ForeignKey(get_user_model(), models.SET_NULL, null=True, blank=True, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.RECEIVED, db_default=Status.RECEIVED)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = RemarkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(airport__isnull=False, flight__isnull=True) | Q(airport__isnull=True, flight__isnull=False),
                name="remark_has_one_subject",
            ),
        ]
        indexes = [models.Index(fields=["status", "-created_at"], name="remark_status_created_at")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"

    def get_absolute_url(self) -> str:
        return reverse("remark", args=[self.reference])

    @property
    def subject(self) -> Airport | Flight | None:
        """None only before it is saved; remark_has_one_subject sees to it afterwards."""
        return self.airport or self.flight
