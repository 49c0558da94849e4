"""The API as a program of a partner's uses it."""

from urllib.parse import urlsplit

import psycopg
import pytest
from conftest import Client, is_json

LISTS = ("airports", "flights", "weather", "remarks")


def test_the_index_leads_to_every_list(client: Client) -> None:
    index = client.json("/api/v1/")
    assert set(index) == set(LISTS)
    for address in index.values():
        assert "results" in client.json(address)


def test_the_schema_describes_what_there_is(client: Client) -> None:
    schema = client.json("/api/schema/", format="json")
    assert schema["openapi"].startswith("3.")
    lists = {f"/api/v1/{name}/" for name in LISTS}
    assert lists <= set(schema["paths"])
    described = schema["components"]["schemas"]["Flight"]["properties"]
    flight = client.json("/api/v1/flights/", page_size=1)["results"][0]
    assert set(flight) == set(described)


def test_pages_follow_each_other_without_gap_or_repetition(client: Client, database: psycopg.Connection) -> None:
    codes = [airport["code"] for airport in client.all("/api/v1/airports/", page_size=500)]
    assert len(codes) == len(set(codes))
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM flights_airport")
        assert cursor.fetchone() == (len(codes),)


def test_flights_come_latest_first_over_pages(client: Client) -> None:
    found = client.all("/api/v1/flights/", origin="SEA", page_size=20)
    times = [flight["departs_at"] for flight in found]
    assert len(found) > 20
    assert len({flight["id"] for flight in found}) == len(found)
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("path", "parameters", "holds"),
    [
        ("airports", {"state": "WA"}, lambda airport: airport["state"] == "WA"),
        ("airports", {"search": "seattle"}, lambda airport: "seattle" in str(airport).lower()),
        ("flights", {"destination": "ORD"}, lambda flight: flight["destination_code"] == "ORD"),
        ("flights", {"delay_at_least": 120}, lambda flight: flight["delay_minutes"] >= 120),
        ("weather", {"conditions": "snow"}, lambda day: day["conditions"] == "snow"),
    ],
    ids=["state", "search", "destination", "delay", "conditions"],
)
def test_filters_leave_what_was_asked_for_and_nothing_else(client: Client, path: str, parameters, holds) -> None:
    found = client.json(f"/api/v1/{path}/", page_size=100, **parameters)["results"]
    assert found
    assert [item for item in found if not holds(item)] == []


def test_filters_count_what_the_database_holds(client: Client, database: psycopg.Connection) -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM flights_airport WHERE region = 'West'")
        (stored,) = cursor.fetchone()
    assert client.json("/api/v1/airports/", region="West")["count"] == stored


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/airports/NONE/", 404),
        ("GET", "/api/v1/flights/?departs_after=yesterday", 400),
        ("GET", "/api/v1/flights/?cursor=nonsense", 404),
        ("PUT", "/api/v1/airports/SEA/", 401),
        ("POST", "/api/v1/remarks/", 401),
    ],
)
def test_errors_are_json_that_says_what_is_wrong(client: Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    # Who is not signed in is refused by 401 or, where the client has no way to sign in, by 403.
    assert answer.status_code == status or {answer.status_code, status} == {401, 403}
    assert is_json(answer), answer.headers["Content-Type"]
    assert answer.json()


def test_every_link_leads_somewhere_on_this_host(client: Client, base_url: str) -> None:
    links = set()
    for name in LISTS:
        for item in client.json(f"/api/v1/{name}/", page_size=5)["results"]:
            links |= {value for value in item.values() if isinstance(value, str) and value.startswith("http")}
    assert links
    assert {f"{urlsplit(link).scheme}://{urlsplit(link).netloc}" for link in links} == {base_url}
    for link in sorted(links):
        client.json(link)
