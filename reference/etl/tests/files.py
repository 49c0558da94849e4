"""Files that tests feed to the pipeline."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.test import TestCase

AIRPORTS_HEADER = "iata,name,city,state,country,latitude,longitude"
SEA = "SEA,Seattle-Tacoma Intl,Seattle,WA,USA,47.44898194,-122.3093131"
ORD = "ORD,Chicago O'Hare International,Chicago,IL,USA,41.979595,-87.90446417"
JFK = 'JFK,"John F Kennedy Intl",New York,NY,USA,40.63975111,-73.77892556'


class Inbox:
    """A directory that a test writes files into."""

    def __init__(self, case: TestCase) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="airways-inbox-"))
        case.addCleanup(shutil.rmtree, self.path)

    def airports(self, *lines: str, header: str = AIRPORTS_HEADER, name: str = "airports.csv") -> Path:
        return self.raw(name, "\n".join([header, *lines, ""]).encode())

    def flights(self, items: Sequence[Any], name: str = "flights.json") -> Path:
        return self.raw(name, json.dumps(items).encode())

    def raw(self, name: str, content: bytes) -> Path:
        path = self.path / name
        path.write_bytes(content)
        return path


def flight(minute: int = 0, **values: Any) -> dict[str, Any]:
    """A flight of the feed; flights of different minutes are different flights."""
    day, rest = divmod(minute, 1440)
    hour, minute = divmod(rest, 60)
    date = f"2001/01/{day + 1:02} {hour:02}:{minute:02}"
    return {"date": date, "delay": 5, "distance": 1721, "origin": "SEA", "destination": "ORD"} | values
