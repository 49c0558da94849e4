"""What stands in answers, in a form in which releases are compared."""

import json
import unittest
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from rehearsal_runtime.smoke_answers import answer


def response(content: str, kind: str = "application/json") -> Any:
    return SimpleNamespace(content=content.encode(), streaming=False, charset="utf-8", headers={"Content-Type": kind})


def digests(value: Any) -> dict[str, str]:
    told = answer("/api/", response(json.dumps(value)))
    return {name: found["digest"] for name, found in told["values"].items()}


class Answers(unittest.TestCase):
    def test_are_alike_in_any_order_and_differ_in_values(self) -> None:
        one = digests({"results": [{"id": 1}, {"id": 2}]})
        self.assertEqual(one, digests({"results": [{"id": 2}, {"id": 1}]}))
        self.assertNotEqual(one, digests({"results": [{"id": 2}, {"id": 3}]}))

    def test_are_alike_whatever_the_build_and_the_moment(self) -> None:
        now = datetime.now(timezone.utc)
        earlier = now - timedelta(minutes=3)
        self.assertEqual(
            digests({"logo": "/static/logo.1a2b3c4d5e6f.svg", "at": now.isoformat(), "epoch": now.timestamp(), "version": "1"}),
            digests({"logo": "/static/logo.6f5e4d3c2b1a.svg", "at": earlier.isoformat(), "epoch": 7 + int(now.timestamp()), "version": "2"}),
        )
        self.assertNotEqual(digests({"at": "2001-02-03T04:05:00Z"}), digests({"at": "2001-02-03T05:05:00Z"}))

    def test_leave_out_what_differs_the_second_time(self) -> None:
        told = answer("/api/", response('{"a": 1, "token": "x"}'), response('{"a": 1, "token": "y"}'))
        self.assertEqual(list(told["values"]), ["a"])

    def test_say_what_is_empty_and_what_are_numbers(self) -> None:
        told = answer("/d.csv", response("delay,name\n5,\n,\n", "text/csv"))
        values = told["values"]
        self.assertEqual(
            {name: (found["count"], found["filled"], found["numeric"]) for name, found in values.items()},
            {"delay": (2, 1, True), "name": (2, 0, True)},
        )
        told = answer("/api/", response('{"rows": []}'))
        self.assertEqual(told["values"]["rows[]"]["count"], 0)

    def test_of_pages_are_their_tables(self) -> None:
        page = "<h2>Routes</h2><table><tr><th>Miles</th></tr><tr><td>12</td></tr></table>"
        told = answer("/", response(page, "text/html; charset=utf-8"))
        self.assertEqual((told["page"], list(told["values"])), (True, ['"Routes", Miles']))

    def test_of_other_kinds_and_broken_ones_hold_nothing(self) -> None:
        self.assertEqual(answer("/x", response("a", "text/plain"))["values"], {})
        self.assertEqual(answer("/x", response("{", "application/json"))["values"], {})


if __name__ == "__main__":
    unittest.main()
