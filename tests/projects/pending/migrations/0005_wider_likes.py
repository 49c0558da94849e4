from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("guestbook", "0004_fill_in_batches")]

    operations = [
        migrations.AlterField("entry", "likes", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddIndex("entry", models.Index(fields=["likes"], name="entry_likes")),
    ]
