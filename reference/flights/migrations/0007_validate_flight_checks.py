from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("flights", "0006_flight_checks")]

    operations = [
        ValidateConstraint(model_name="flight", name="flight_goes_elsewhere"),
        ValidateConstraint(model_name="flight", name="flight_has_distance"),
    ]
