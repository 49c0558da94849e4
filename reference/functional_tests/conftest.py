"""What all functional tests share. They speak with a deployed environment, as its users and API clients do."""

import os
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import requests

# Only what the tests wrote is removed afterwards, which is known by this name.
VISITOR = "Functional Visitor"
FEEDS = 3
DATA_SECONDS = 180


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.option.xmlpath = config.option.xmlpath or os.environ.get("JUNIT_XML")


class Client:
    """An API client: it verifies the certificate, keeps cookies, and takes paths as well as whole addresses."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.session = requests.Session()

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith("http") else self.base_url + path
        return self.session.request(method, url, timeout=30, **options)

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.request("GET", path, params=parameters)

    def json(self, path: str, **parameters: Any) -> Any:
        """The content of a good answer."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, f"{answer.url} answers {answer.status_code}: {answer.text[:300]}"
        assert is_json(answer), answer.headers["Content-Type"]
        return answer.json()

    def all(self, path: str, pages: int = 200, **parameters: Any) -> list[Any]:
        """All results of a list, by the links from page to page."""
        found: list[Any] = []
        page = self.json(path, **parameters)
        for _ in range(pages):
            found.extend(page["results"])
            if page["next"] is None:
                return found
            page = self.json(page["next"])
        raise AssertionError(f"{path} has more than {pages} pages")


def is_json(answer: requests.Response) -> bool:
    media_type = answer.headers["Content-Type"].partition(";")[0].strip()
    return media_type == "application/json" or media_type.endswith("+json")


@pytest.fixture(scope="session")
def base_url() -> str:
    return os.environ["STAGING_SERVER"].rstrip("/")


@pytest.fixture(scope="session")
def client(base_url: str) -> Client:
    client = Client(base_url)
    _await_data(client)
    return client


@pytest.fixture(scope="session")
def database() -> Iterator[psycopg.Connection]:
    """The environment's database as the application reaches it: to compare with, and to clear up."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        yield connection


def _await_data(client: Client) -> None:
    """After a deployment the ETL worker looks at the files once more; figures must not change under a test."""
    until = time.monotonic() + DATA_SECONDS
    while client.get("/data/").text.count("status-succeeded") < FEEDS:
        assert time.monotonic() < until, f"/data/ must show {FEEDS} feeds that succeeded within {DATA_SECONDS} s"
        time.sleep(1)
