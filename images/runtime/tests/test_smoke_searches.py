from __future__ import annotations

import unittest
from types import SimpleNamespace
from typing import Any
from unittest import mock

from rehearsal_runtime import smoke_searches
from rehearsal_runtime.smoke_operation import Operation, Refused


NAME = "GET /airports/?q with brackets and quotes"


class Paste(unittest.TestCase):
    def pasted(self, status: int) -> tuple[list[str], dict[str, str]]:
        asked: list[str] = []
        found: dict[str, str] = {}

        def get(address: str, secure: bool) -> Any:
            asked.append(address)
            return SimpleNamespace(status_code=status, streaming=True)

        def perform(operation: Operation) -> Any:
            try:
                operation.run()
                found[operation.name] = ""
            except Refused as error:
                found[operation.name] = str(error)

        with (
            mock.patch.object(smoke_searches, "client_of", lambda: SimpleNamespace(get=get)),
            mock.patch.object(smoke_searches, "shape", lambda address: address.partition("=")[0]),
        ):
            smoke_searches.paste([("/airports/", "q"), ("/airports/", "q")], perform)
        return asked, found

    def test_asks_each_search_once_with_signs_that_a_query_may_take_for_its_own(self) -> None:
        asked, found = self.pasted(200)
        self.assertEqual(found, {NAME: "", "GET /airports/?q with long q": ""})
        address = asked[0]
        for sign in ("%27", "%28", "%5B", "%5C", "%22", "%25", "%2A"):
            self.assertIn(sign, address)

    def test_fails_where_the_server_does_and_not_where_the_text_is_refused(self) -> None:
        self.assertEqual(self.pasted(500)[1][NAME], "status 500")
        self.assertEqual(self.pasted(400)[1][NAME], "")


if __name__ == "__main__":
    unittest.main()
