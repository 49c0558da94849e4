"""Built concurrently: flights is the one big table, and it is written to all the time."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("flights", "0004_fill_airport_region")]

    operations = [
        AddIndexConcurrently(
            model_name="flight",
            index=models.Index(fields=["origin", "departs_at"], name="flight_origin_departs_at"),
        ),
        AddIndexConcurrently(
            model_name="flight",
            index=models.Index(fields=["destination", "departs_at"], name="flight_destination_departs_at"),
        ),
    ]
