from django.db import migrations

BATCH = 100


def fill(apps, schema_editor):
    Entry = apps.get_model("guestbook", "Entry")
    entries = Entry.objects.using(schema_editor.connection.alias).filter(nickname=None).exclude(name="Anonymous")
    while keys := list(entries.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        Entry.objects.filter(pk__in=keys).update(nickname="friend")


def empty(apps, schema_editor):
    apps.get_model("guestbook", "Entry").objects.update(nickname=None)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("guestbook", "0003_index_concurrently")]

    operations = [migrations.RunPython(fill, empty)]
