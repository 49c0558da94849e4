from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("guestbook", "0001_entry")]

    operations = [
        migrations.AddField("entry", "nickname", models.CharField(max_length=100, null=True)),
        migrations.AddField("entry", "likes", models.IntegerField(db_default=0, default=0)),
    ]
