"""Fills the region of airports that were loaded before there was one."""

from django.db import migrations

BATCH = 500

# A copy on purpose: what this migration did must not change when the application's own table does.
STATES = {
    "Northeast": "CT MA ME NH NJ NY PA RI VT",
    "Midwest": "IA IL IN KS MI MN MO ND NE OH SD WI",
    "South": "AL AR DC DE FL GA KY LA MD MS NC OK SC TN TX VA WV",
    "West": "AK AZ CA CO HI ID MT NM NV OR UT WA WY",
    "Territories": "AS CQ GU PR VI",
}


def batches_of_keys(queryset):
    """Lists of up to BATCH primary keys, in order, each found by one short query."""
    last = 0
    while keys := list(queryset.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield keys
        last = keys[-1]


def fill(apps, schema_editor):
    Airport = apps.get_model("flights", "Airport")
    airports = Airport.objects.using(schema_editor.connection.alias)
    region_of = {state: region for region, states in STATES.items() for state in states.split()}
    for keys in batches_of_keys(airports.filter(region="", state__in=region_of)):
        batch = list(airports.filter(pk__in=keys))
        for airport in batch:
            airport.region = region_of[airport.state]
        airports.bulk_update(batch, ["region"])


def empty(apps, schema_editor):
    Airport = apps.get_model("flights", "Airport")
    airports = Airport.objects.using(schema_editor.connection.alias)
    for keys in batches_of_keys(airports.exclude(region="")):
        airports.filter(pk__in=keys).update(region="")


class Migration(migrations.Migration):
    # Each batch commits by itself: no row stays locked longer than one batch takes, and a rerun goes on where it ended.
    atomic = False

    dependencies = [("flights", "0003_airport_region_and_photo")]

    operations = [migrations.RunPython(fill, empty)]
