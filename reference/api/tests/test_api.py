from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.test import TestCase
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from flights.models import Remark
from flights.tests.records import make_airport, make_flight, make_remark

REMARK = {
    "airport": "SEA",
    "kind": "facilities",
    "happened_on": "2001-01-15",
    "text": "Enough seats at every gate.",
    "author_name": "T. Okonkwo",
    "author_email": "t@example.org",
}


class ReadTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.sea, cls.ord = make_airport("SEA"), make_airport("ORD", city="Chicago", state="IL")
        cls.flights = [
            make_flight(cls.sea, cls.ord, departs_at, delay_minutes=delay) for departs_at, delay in _departures(7)
        ]
        cls.remark = make_remark(airport=cls.sea)

    def test_every_link_from_the_root_on_can_be_followed(self) -> None:
        followed, waiting = set(), ["http://testserver/api/v1/"]
        while waiting:
            address = waiting.pop()
            if address in followed:
                continue
            followed.add(address)
            response = self.client.get(address)
            self.assertEqual(response.status_code, 200, address)
            waiting.extend(_links(response.json()))
        self.assertIn(f"http://testserver/api/v1/flights/{self.flights[0].pk}/", followed)
        self.assertIn("http://testserver/api/v1/airports/ORD/", followed)

    def test_pages_of_flights_give_each_flight_once(self) -> None:
        address, seen = "/api/v1/flights/?page_size=3", []
        while address:
            page = self.client.get(address).json()
            self.assertLessEqual(len(page["results"]), 3)
            seen += [flight["id"] for flight in page["results"]]
            address = page["next"]
        self.assertEqual(seen, [flight.pk for flight in reversed(self.flights)])

    def test_filters_narrow_and_malformed_ones_are_refused(self) -> None:
        def count(address: str) -> int:
            return len(self.client.get(address).json()["results"])

        self.assertEqual(count("/api/v1/airports/?search=chic"), 1)
        self.assertEqual(count("/api/v1/airports/?state=WA"), 1)
        self.assertEqual(count("/api/v1/flights/?origin=ORD"), 0)
        self.assertEqual(count("/api/v1/flights/?delay_at_least=30"), 4)
        self.assertEqual(count("/api/v1/flights/?departs_after=2001-01-04T00:00:00Z"), 4)
        response = self.client.get("/api/v1/flights/?departs_after=soon")
        self.assertEqual((response.status_code, list(response.json())), (400, ["departs_after"]))

    def test_a_flight_links_to_its_airports(self) -> None:
        flight = self.client.get(f"/api/v1/flights/{self.flights[0].pk}/").json()
        self.assertEqual(flight["origin"], "http://testserver/api/v1/airports/SEA/")
        self.assertEqual(flight["destination_code"], "ORD")

    def test_links_keep_the_scheme_that_the_gateway_saw(self) -> None:
        root = self.client.get("/api/v1/", headers={"host": "testserver", "x-forwarded-proto": "https"}).json()
        self.assertEqual(root["airports"], "https://testserver/api/v1/airports/")

    def test_e_mail_addresses_and_unpublished_remarks_stay_private(self) -> None:
        hidden = make_remark(airport=self.sea, status=Remark.Status.RECEIVED)
        response = self.client.get("/api/v1/remarks/")
        self.assertEqual([remark["reference"] for remark in response.json()["results"]], [str(self.remark.reference)])
        self.assertNotContains(response, "ana@example.org")
        self.assertEqual(self.client.get(f"/api/v1/remarks/{hidden.reference}/").status_code, 404)

    def test_the_number_of_queries_does_not_grow_with_the_page(self) -> None:
        with self.assertNumQueries(1):
            self.client.get("/api/v1/flights/")


class WriteTests(TestCase):
    def setUp(self) -> None:
        self.sea, self.ord = make_airport("SEA"), make_airport("ORD")
        self.user = get_user_model().objects.create_user("partner")
        self.client = APIClient()

    def test_writing_needs_an_account(self) -> None:
        self.assertEqual(self.client.post("/api/v1/remarks/", REMARK).status_code, 403)
        self.assertFalse(Remark.objects.exists())

    def test_a_session_needs_the_csrf_token_too(self) -> None:
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(self.user)
        self.assertEqual(client.post("/api/v1/remarks/", REMARK).status_code, 403)
        client.get("/airports/SEA/remarks/new/")
        token = client.cookies["csrftoken"].value
        self.assertEqual(client.post("/api/v1/remarks/", REMARK, headers={"x-csrftoken": token}).status_code, 201)

    def test_who_has_a_token_writes_a_remark_and_reads_it_back(self) -> None:
        token = Token.objects.create(user=self.user)
        self.client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
        created = self.client.post("/api/v1/remarks/", REMARK)
        self.assertEqual(created.status_code, 201, created.content)
        self.assertEqual(created.json()["status"], "received")
        again = self.client.get(created.json()["url"])
        self.assertEqual(again.json(), created.json())
        remark = Remark.objects.get()
        self.assertEqual((remark.author, remark.author_email), (self.user, "t@example.org"))

    def test_faults_are_named_by_field_and_nothing_is_stored(self) -> None:
        self.client.force_authenticate(self.user)
        flight = make_flight(self.sea, self.ord)
        for changes, field in [
            ({"airport": "ZZZ"}, "airport"),
            ({"airport": None}, "non_field_errors"),
            ({"flight": flight.pk}, "non_field_errors"),
            ({"kind": "praise"}, "kind"),
            ({"happened_on": "2999-01-01"}, "happened_on"),
            ({"text": "Short"}, "text"),
            ({"author_email": "nobody"}, "author_email"),
        ]:
            with self.subTest(changes):
                response = self.client.post("/api/v1/remarks/", REMARK | changes)
                self.assertEqual((response.status_code, list(response.json())), (400, [field]))
        self.assertFalse(Remark.objects.exists())

    def test_a_writer_cannot_publish(self) -> None:
        self.client.force_authenticate(self.user)
        self.client.post("/api/v1/remarks/", REMARK | {"status": "published"})
        self.assertEqual(Remark.objects.get().status, "received")

    def test_nothing_but_remarks_can_be_written(self) -> None:
        self.client.force_authenticate(self.user)
        self.assertEqual(self.client.delete("/api/v1/airports/SEA/").status_code, 405)
        self.assertEqual(self.client.post("/api/v1/flights/", {}).status_code, 405)


class SchemaTests(TestCase):
    def test_the_schema_is_valid_and_describes_what_is_served(self) -> None:
        schema = SchemaGenerator().get_schema(request=None, public=True)
        validate_schema(schema)
        self.assertEqual(set(schema["paths"]["/api/v1/remarks/"]), {"get", "post"})
        response = self.client.get("/api/schema/", headers={"accept": "application/json"})
        self.assertEqual(set(response.json()["paths"]), set(schema["paths"]))


def _departures(count: int) -> list[tuple[datetime, int]]:
    return [(datetime(2001, 1, 1 + number, 8, tzinfo=UTC), number * 10) for number in range(count)]


def _links(value) -> list[str]:
    if isinstance(value, dict):
        return [link for item in value.values() for link in _links(item)]
    if isinstance(value, list):
        return [link for item in value for link in _links(item)]
    return [value] if isinstance(value, str) and value.startswith("http://testserver/api/") else []
