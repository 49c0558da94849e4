"""Asks a deployed guestbook as a browser does; what it prints is all that it tells."""

import os
import unittest
from urllib.request import urlopen


class Pages(unittest.TestCase):
    def test_the_book_is_open(self) -> None:
        with urlopen(os.environ["GUESTBOOK_URL"] + "/") as answer:
            self.assertIn("<h1>Guestbook</h1>", answer.read().decode())

    def test_it_is_served_over_tls(self) -> None:
        self.assertTrue(os.environ["GUESTBOOK_URL"].startswith("https://"))
