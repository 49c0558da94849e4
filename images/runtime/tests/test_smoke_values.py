from __future__ import annotations

import datetime
import decimal
import unittest
import zlib
from types import SimpleNamespace
from typing import Any

from rehearsal_runtime.smoke_values import long_text, others


def field(kind: str, **more: Any) -> Any:
    return SimpleNamespace(
        get_internal_type=lambda: kind,
        **{"choices": None, "flatchoices": [], "max_length": None, "decimal_places": None, **more},
    )


class LongText(unittest.TestCase):
    def test_does_not_fit_into_an_entry_of_an_index_packed_either(self) -> None:
        self.assertGreater(len(zlib.compress(long_text().encode(), 9)), 2704)
        self.assertEqual(long_text(), long_text())


class Others(unittest.TestCase):
    def test_of_a_text_are_as_long_as_its_column_allows_and_in_its_case(self) -> None:
        found = list(others(field("CharField", max_length=4), "JFK"))
        self.assertGreater(len(set(found)), 30)
        self.assertTrue(all(len(text) == 4 and text.upper() == text for text in found), found)
        self.assertTrue(all(text.isdigit() and len(text) == 5 for text in others(field("CharField"), "12345")))

    def test_of_an_address_are_addresses_within_the_length(self) -> None:
        for text in others(field("CharField", max_length=20), "ada@example.org"):
            name, _, host = text.partition("@")
            self.assertEqual(host, "example.org")
            self.assertTrue(1 <= len(name) <= 8)

    def test_of_a_number_lead_out_of_a_long_series_and_stay_in_range(self) -> None:
        found = list(others(field("SmallIntegerField"), 1))
        self.assertEqual(found[:3], [2, 3, 5])
        self.assertTrue(all(number <= 32767 for number in found))
        self.assertGreater(max(others(field("IntegerField"), 0)), 1_000_000)
        self.assertEqual(list(others(field("IntegerField"), 2**31 - 1)), [])

    def test_of_moments_and_amounts_are_near(self) -> None:
        day = datetime.date(2026, 1, 1)
        self.assertEqual(next(iter(others(field("DateField"), day))), datetime.date(2026, 1, 2))
        self.assertEqual(list(others(field("DateField"), datetime.date.max)), [])
        amounts = others(field("DecimalField", decimal_places=2), decimal.Decimal("1.50"))
        self.assertEqual(next(iter(amounts)), decimal.Decimal("1.51"))

    def test_of_a_choice_are_the_other_choices(self) -> None:
        shades = [("red", "Red"), ("blue", "Blue")]
        self.assertEqual(list(others(field("CharField", choices=shades, flatchoices=shades), "red")), ["blue"])

    def test_of_an_unknown_kind_are_none(self) -> None:
        self.assertEqual(list(others(field("MoneyField"), 1)), [])


if __name__ == "__main__":
    unittest.main()
