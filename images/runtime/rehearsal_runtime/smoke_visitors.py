"""What an answer is to visitors who came from a search, or whose language writes numbers otherwise."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from .settings import first_host
from .smoke_answers import PAGE, kind_of, numeric_fields
from .smoke_operation import Operation, Perform
from .smoke_requests import Anchors, content_of, fetch, parameters

NAMED = 5

_DECIMAL = re.compile(r"\d\.\d")
_FOR_PEOPLE = re.compile(r"title|alt|placeholder|content|label|summary|aria-.*")
# What the others hold is sent back as a person has typed it.
_MACHINE_INPUTS = {"number", "range", "hidden"}
_PROGRAM_TEXTS = {"script", "style"}


def carried(path: str, response: Any) -> list[str] | None:
    """Names of the parameters of ``path`` that each link of the page to its own path hands on, such as to its next page.

    None where no link leads there with parameters.
    """
    asked = urlsplit(path)
    names = parameters(asked.query)
    if not names or kind_of(response) != PAGE:
        return None
    links = [urlsplit(urljoin(f"https://{first_host()}{path}", link)) for link in Anchors.of(response).links]
    given = [parameters(link.query) for link in links if link.path == asked.path and link.query]
    return sorted(names.intersection(*given)) if given else None


def localized_numbers(path: str, response: Any, perform: Perform) -> list[str]:
    """Places that programs read, whose numbers have another form for a visitor who asks in a language with a decimal comma.

    :param response: to a visitor who asks in none
    """
    language = _language_with_commas()
    if language is None:
        return []
    outcome = perform(Operation(f"GET {path} in {language}", lambda: fetch(path, language=language)))
    if outcome.error is not None:
        # What fails in that language alone is not what is looked for.
        return []
    other = outcome.result
    if kind_of(response) != kind_of(other):
        return []
    if kind_of(response) != PAGE:
        still = numeric_fields(other)
        return [field for field in numeric_fields(response) if field not in still][:NAMED]
    usual = _places(response)
    return [place for place, values in _places(other).items() if _other_numbers(values, usual.get(place, set()))][:NAMED]


def _other_numbers(values: set[str], usual: set[str]) -> bool:
    alike = {_with_points(value) for value in usual if _DECIMAL.search(value)}
    return any(_with_points(value) in alike for value in values - usual)


def _with_points(value: str) -> str:
    return value.replace(",", ".")


def _language_with_commas() -> str | None:
    from django.conf import settings
    from django.utils.formats import get_format

    return next((code for code, _ in settings.LANGUAGES if get_format("DECIMAL_SEPARATOR", code) == ","), None)


def _places(response: Any) -> dict[str, set[str]]:
    parser = _Places()
    parser.feed(content_of(response))
    parser.close()
    return parser.places


class _Places(HTMLParser):
    """What a page says to programs, by its place: attributes, and the texts of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, set[str]] = {}
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._inside = tag if tag in _PROGRAM_TEXTS else ""
        for name, value in given.items():
            if _FOR_PEOPLE.fullmatch(name):
                continue
            if name == "value" and tag in ("input", "option") and given.get("type") not in _MACHINE_INPUTS:
                continue
            # Some separate the numbers of a list with commas.
            self.places.setdefault(f"{tag} {name}", set()).update((value, *(value.split() if " " in value else ())))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.places.setdefault(self._inside, set()).update(line.strip() for line in data.splitlines())
