from __future__ import annotations

import json
import unittest
from types import SimpleNamespace
from typing import Any
from unittest import mock

from rehearsal_runtime import smoke_pages
from rehearsal_runtime.smoke_operation import Operation, Refused


class TurnPages(unittest.TestCase):
    def turned(self, answers: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}

        def perform(operation: Operation) -> Any:
            try:
                operation.run()
                found[operation.name] = ""
            except Refused as error:
                found[operation.name] = str(error)

        with (
            mock.patch.object(smoke_pages, "fetch", lambda path: SimpleNamespace(text=json.dumps(answers[path]))),
            mock.patch.object(smoke_pages, "shape", lambda path: path),
            mock.patch.object(smoke_pages, "content_of", lambda response: response.text),
        ):
            smoke_pages.turn_pages(["/api/a/", "/api/a/?page=2"], perform)
        return found

    def test_fails_where_a_record_stands_on_two_pages(self) -> None:
        pages = {
            "/api/a/": {"count": 3, "next": "https://shop.test/api/a/?page=2", "results": [{"id": 1}, {"id": 2}]},
            "/api/a/?page=2": {"count": 3, "next": None, "results": [{"id": 2}]},
        }
        (told,) = self.turned(pages).values()
        self.assertIn("1 of 3 records on 2 pages stand on two of them", told)
        pages["/api/a/?page=2"]["results"] = [{"id": 3}]
        self.assertEqual(self.turned(pages), {"GET /api/a/ page by page": ""})

    def test_finds_the_largest_page_that_a_list_gives(self) -> None:
        rows = [{"id": number} for number in range(3)]
        answers = {
            "/api/a/?page_size=1": {"next": "/api/a/?page=2", "results": rows},
            "/api/a/?limit=1": {"next": "/api/a/?limit=1&offset=1", "results": rows[:1]},
            "/api/b/?page_size=1": {"results": rows},
            "/api/b/?limit=1": {"results": rows},
            "/api/b/?per_page=1": {"results": rows[:1]},
        }

        def perform(operation: Operation) -> Any:
            return SimpleNamespace(error=None, result=operation.run())

        with (
            mock.patch.object(smoke_pages, "fetch", lambda path: SimpleNamespace(text=json.dumps(answers[path]))),
            mock.patch.object(smoke_pages, "content_of", lambda response: response.text),
        ):
            found = smoke_pages.larger_pages(["/api/a/", "/api/a/?page=2", "/api/b/"], perform)
        self.assertEqual(found, ["/api/a/?limit=1000"])

    def test_does_without_pages(self) -> None:
        self.assertEqual(self.turned({"/api/a/": [{"id": 1}, {"id": 1}]}), {"GET /api/a/ page by page": ""})
        self.assertEqual(self.turned({"/api/a/": {"items": [1, 1]}}), {"GET /api/a/ page by page": ""})

    def test_follows_links_of_other_makes(self) -> None:
        value = {"links": {"next": "/api/a/?cursor=x"}, "data": [1]}
        self.assertEqual(smoke_pages.records_and_next(value), ([1], "/api/a/?cursor=x"))


if __name__ == "__main__":
    unittest.main()
