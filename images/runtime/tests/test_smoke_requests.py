"""What a page leads to."""

import unittest
from types import SimpleNamespace
from typing import Any

from rehearsal_runtime.smoke_requests import _raw_links


def page(content: str) -> Any:
    headers = {"Content-Type": "text/html"}
    return SimpleNamespace(content=content.encode(), streaming=False, charset="utf-8", headers=headers, status_code=200)


class Links(unittest.TestCase):
    def test_are_those_of_anchors(self) -> None:
        self.assertEqual(list(_raw_links("/", page('<a href="/x/">x</a><a name="y">y</a><a href="">z</a>'))), ["/x/"])

    def test_are_searches_as_well(self) -> None:
        content = (
            '<form action="/s/?p=1"><input type="hidden" name="h"><input name="q"><input name="r"></form>'
            '<form method="post"><input name="z"></form><form method="GET"><input type="search" name="w"></form>'
        )
        self.assertEqual(list(_raw_links("/airports/", page(content))), ["/s/?q=a", "/airports/?w=a"])


if __name__ == "__main__":
    unittest.main()
