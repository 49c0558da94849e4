from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("etl", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="run", name="release", field=models.CharField(db_default="", default="", max_length=80)
        ),
        migrations.AddField(
            model_name="feedstate", name="release", field=models.CharField(db_default="", default="", max_length=80)
        ),
    ]
