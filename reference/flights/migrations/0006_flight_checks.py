"""Not validated yet, so that the table is locked for an instant instead of for a scan; the next migration validates."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("flights", "0005_flight_indexes_by_airport")]

    operations = [
        AddConstraintNotValid(
            model_name="flight",
            constraint=models.CheckConstraint(
                condition=models.Q(("origin", models.F("destination")), _negated=True), name="flight_goes_elsewhere"
            ),
        ),
        AddConstraintNotValid(
            model_name="flight",
            constraint=models.CheckConstraint(
                condition=models.Q(("distance_miles__gt", 0)), name="flight_has_distance"
            ),
        ),
    ]
