"""Writes to a database that is there for this suite alone."""

import unittest

import django

django.setup()

from guestbook.models import Entry  # noqa: E402


class EmptyBook(unittest.TestCase):
    def test_begins_empty_and_takes_an_entry(self) -> None:
        self.assertEqual(Entry.objects.count(), 0)
        Entry.objects.create(name="nobody", message="Written by a test.")
        self.assertEqual(Entry.objects.count(), 1)
