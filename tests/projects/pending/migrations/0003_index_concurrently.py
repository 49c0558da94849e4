from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("guestbook", "0002_columns")]

    operations = [AddIndexConcurrently("entry", models.Index(fields=["name"], name="entry_name"))]
