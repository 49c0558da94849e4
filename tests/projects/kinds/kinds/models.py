"""Models of many kinds: what a copy of a row has to mind differs with each."""

import uuid

from django.core.mail import send_mail
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.db.models.signals import post_save
from django.dispatch import receiver


class Country(models.Model):
    """Its key is a text of fixed length."""

    code = models.CharField(max_length=2, primary_key=True)
    name = models.CharField(max_length=40, unique=True)
    number = models.SmallIntegerField(unique=True)


class Person(models.Model):
    email = models.EmailField(max_length=30)
    slug = models.SlugField(unique=True)
    token = models.UUIDField(default=uuid.uuid4, unique=True)
    country = models.ForeignKey(Country, models.PROTECT)
    mentor = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)
    friends = models.ManyToManyField("self")
    full = models.GeneratedField(expression=Lower("email"), output_field=models.CharField(max_length=30), db_persist=True)
    joined = models.DateTimeField(db_default=Now())
    changed = models.DateTimeField(auto_now=True)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="person_email_once"),
            models.UniqueConstraint(fields=["country"], condition=Q(active=False), name="one_inactive_per_country"),
        ]

    def get_absolute_url(self) -> str:
        return f"/people/{self.pk}/"


class Profile(models.Model):
    """Its key is that of another row."""

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True)
    settings = models.JSONField(default=dict)


class Badge(models.Model):
    person = models.OneToOneField(Person, models.CASCADE)
    shade = models.CharField(max_length=10, choices=[("red", "Red"), ("blue", "Blue")], unique=True)


class Membership(models.Model):
    """Unique by keys of others alone."""

    person = models.ForeignKey(Person, models.CASCADE)
    country = models.ForeignKey(Country, models.CASCADE)

    class Meta:
        unique_together = [("person", "country")]


class Measurement(models.Model):
    day = models.DateField()
    price = models.DecimalField(max_digits=8, decimal_places=2)
    length = models.DurationField()
    low = models.IntegerField()
    high = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "price"], name="measurement_once"),
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="low_below_high"),
        ]


class Place(models.Model):
    name = models.CharField(max_length=20, unique=True)


class Restaurant(Place):
    """A child in multi-table inheritance."""

    stars = models.PositiveSmallIntegerField(unique=True)


class VisibleManager(models.Manager["Hidden"]):
    def get_queryset(self) -> models.QuerySet["Hidden"]:
        return super().get_queryset().filter(deleted=False)


class Hidden(models.Model):
    deleted = models.BooleanField(default=True)
    objects = VisibleManager()


class Order(models.Model):
    """Its name needs quotes in SQL, and its table stays empty, as does what it belongs to."""

    basket = models.ForeignKey("Basket", models.CASCADE)
    total = models.DecimalField(max_digits=5, decimal_places=2)
    placed = models.DateTimeField()
    state = models.CharField(max_length=4, choices=[("open", "Open"), ("paid", "Paid")])

    class Meta:
        db_table = "order"

    def save(self) -> None:
        super().save()


class Basket(models.Model):
    address = models.GenericIPAddressField(unique=True)


class Proxy(Person):
    class Meta:
        proxy = True


class Unmanaged(models.Model):
    class Meta:
        managed = False


class Elsewhere(models.Model):
    name = models.TextField()


@receiver(post_save, sender=Person)
def greet(instance: Person, **_: object) -> None:
    send_mail("Welcome", "…", "from@example.org", [instance.email])
