"""New columns carry a default in the database, so that the release that still runs can go on inserting."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("flights", "0002_weather_and_remarks")]

    operations = [
        migrations.AddField(
            model_name="airport",
            name="region",
            field=models.CharField(
                blank=True,
                choices=[
                    ("Northeast", "Northeast"),
                    ("Midwest", "Midwest"),
                    ("South", "South"),
                    ("West", "West"),
                    ("Territories", "Territories"),
                ],
                db_default="",
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="airport",
            name="photo",
            field=models.ImageField(blank=True, db_default="", default="", upload_to="airports/"),
        ),
    ]
