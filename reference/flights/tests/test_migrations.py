from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import TransactionTestCase

BEFORE = [("flights", "0003_airport_region_and_photo")]
AFTER = [("flights", "0004_fill_airport_region")]


class FillRegionTests(TransactionTestCase):
    """Runs the data migration on rows, since no fresh database has any when it runs."""

    def migrate(self, targets):
        executor = MigrationExecutor(connection)
        executor.migrate(targets)
        return MigrationExecutor(connection).loader.project_state(targets).apps.get_model("flights", "Airport")

    def tearDown(self) -> None:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())

    def test_regions_are_filled_in_batches_and_emptied_again_on_the_way_back(self) -> None:
        airport = self.migrate(BEFORE)
        states = ["WA", "NY", "TX", "OH", "PR", ""]
        airport.objects.bulk_create(
            airport(code=f"{number:04}", name="x", state=states[number % 6], country="USA", latitude=0, longitude=0)
            for number in range(1206)
        )
        airport = self.migrate(AFTER)
        counts = {region: airport.objects.filter(region=region).count() for region in ["West", "Northeast", "South"]}
        self.assertEqual(counts, {"West": 201, "Northeast": 201, "South": 201})
        self.assertEqual(set(airport.objects.filter(region="").values_list("state", flat=True)), {""})
        airport = self.migrate(BEFORE)
        self.assertFalse(airport.objects.exclude(region="").exists())
