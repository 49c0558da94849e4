from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("guestbook", "0005_wider_likes")]

    operations = [
        migrations.RunSQL("ALTER TABLE guestbook_entry ADD COLUMN first_note text", migrations.RunSQL.noop),
        migrations.RunSQL("ALTER TABLE guestbook_entry ADD COLUMN second_note text"),
    ]
