from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("guestbook", "0006_two_statements")]

    operations = [migrations.AlterField("entry", "nickname", models.CharField(max_length=100))]
