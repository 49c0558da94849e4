from io import StringIO

from django.core.management import CommandError, call_command
from django.db.models import Count
from django.test import TestCase

from flights.models import Flight, Remark


class GenerateDataTests(TestCase):
    def generate(self, *arguments: str) -> None:
        call_command("generate_data", *arguments, stdout=StringIO())

    def content(self) -> tuple[list, list]:
        flights = Flight.objects.order_by("departs_at", "origin__code", "destination__code")
        remarks = Remark.objects.order_by("reference")
        return (
            list(flights.values_list("departs_at", "origin__code", "destination__code", "delay_minutes")),
            list(remarks.values_list("reference", "text", "author_name", "airport__code", "flight__departs_at")),
        )

    def test_the_same_seed_gives_the_same_rows_and_another_seed_others(self) -> None:
        self.generate("--rows", "5000", "--seed", "3")
        first = self.content()
        self.generate("--rows", "5000", "--seed", "3", "--replace")
        self.assertEqual(self.content(), first)
        self.generate("--rows", "5000", "--seed", "4", "--replace")
        self.assertNotEqual(self.content(), first)

    def test_rows_have_the_shape_of_production(self) -> None:
        self.generate("--rows", "20000")
        self.assertEqual((Flight.objects.count(), Remark.objects.count()), (20_000, 40))
        self.assertTrue(0 < Flight.objects.filter(delay_minutes=None).count() < 1_000)
        by_origin = Flight.objects.values("origin").annotate(flights=Count("pk")).order_by("-flights")
        busiest = sum(row["flights"] for row in by_origin[:10])
        self.assertGreater(busiest, 20_000 * 0.3)
        self.assertTrue(any(not name.isascii() for name in Remark.objects.values_list("author_name", flat=True)))
        self.assertTrue(Remark.objects.filter(author_email="").exists())

    def test_what_is_there_is_not_added_to_unasked(self) -> None:
        self.generate("--rows", "10")
        with self.assertRaises(CommandError) as caught:
            self.generate("--rows", "10")
        self.assertIn("--replace", str(caught.exception))
        with self.assertRaises(CommandError):
            self.generate("--rows", "0")

    def test_the_reference_data_can_be_loaded_again_and_again(self) -> None:
        call_command("load_reference_data", stdout=StringIO())
        before = (Flight.objects.count(), Remark.objects.count())
        call_command("load_reference_data", stdout=StringIO())
        self.assertEqual((Flight.objects.count(), Remark.objects.count()), before)
        self.assertEqual(before, (5000, 6))
