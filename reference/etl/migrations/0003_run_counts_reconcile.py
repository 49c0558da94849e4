from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("etl", "0002_release")]

    operations = [
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    rows_read=models.F("rows_loaded")
                    + models.F("rows_updated")
                    + models.F("rows_unchanged")
                    + models.F("rows_rejected")
                ),
                name="run_counts_reconcile",
            ),
        ),
    ]
