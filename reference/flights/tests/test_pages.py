import io
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import TestCase
from django.urls import reverse
from PIL import Image

from flights.models import Remark, WeatherDay
from flights.pagination import CappedPaginator
from flights.tests.records import make_airport, make_flight, make_remark
from flights.views import HomeView


class PageTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.sea = make_airport("SEA", name="Seattle-Tacoma Intl")
        cls.ord = make_airport("ORD", name="Chicago O'Hare", city="Chicago", state="IL", region="Midwest")
        cls.late = make_flight(cls.sea, cls.ord, delay_minutes=95)
        cls.early = make_flight(cls.ord, cls.sea, datetime(2001, 2, 20, 9, 5, tzinfo=UTC), delay_minutes=-3)

    def test_every_page_answers_and_names_only_static_files_that_exist_under_their_hashed_name(self) -> None:
        remark = make_remark(airport=self.sea)
        for address in [
            reverse("home"),
            reverse("airports"),
            self.sea.get_absolute_url(),
            reverse("airport-remark-new", args=["SEA"]),
            reverse("flights"),
            self.late.get_absolute_url(),
            reverse("flight-remark-new", args=[self.late.pk]),
            remark.get_absolute_url(),
            reverse("data"),
            reverse("api-docs"),
            reverse("admin:login"),
        ]:
            with self.subTest(address):
                response = self.client.get(address)
                self.assertEqual(response.status_code, 200)
                page = response.content.decode()
                files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
                self.assertTrue(files)
                for file in files:
                    self.assertRegex(file, r"\.[0-9a-f]{12}\.")
                    self.assertTrue(staticfiles_storage.exists(file.removeprefix(settings.STATIC_URL)), file)
                self.assertNotRegex(page, r'(?:src|<link[^>]+href)="https?://')

    def test_an_airport_is_found_by_code_name_city_region_and_state(self) -> None:
        for query, expected in [
            ({"q": "sea"}, ["SEA"]),
            ({"q": "o'hare"}, ["ORD"]),
            ({"q": "chicago hare"}, ["ORD"]),
            ({"region": "West"}, ["SEA"]),
            ({"state": "il"}, ["ORD"]),
            ({"q": "chicago", "state": "WA"}, []),
        ]:
            with self.subTest(query):
                response = self.client.get(reverse("airports"), query)
                self.assertEqual([airport.code for airport in response.context["airport_list"]], expected)

    def test_a_malformed_filter_is_named_beside_its_field(self) -> None:
        response = self.client.get(reverse("flights"), {"origin": "zzz", "since": "soon"})
        self.assertContains(response, "There is no airport ZZZ.")
        self.assertContains(response, "Enter a valid date.")

    def test_flights_are_filtered_by_airport_day_and_delay(self) -> None:
        for query, expected in [
            ({}, [self.early, self.late]),
            ({"origin": "sea"}, [self.late]),
            ({"destination": "SEA"}, [self.early]),
            ({"delayed": "on"}, [self.late]),
            ({"since": "2001-02-20"}, [self.early]),
            ({"until": "2001-01-15"}, [self.late]),
            ({"since": "2001-01-16", "until": "2001-02-19"}, []),
        ]:
            with self.subTest(query):
                response = self.client.get(reverse("flights"), query)
                self.assertEqual(list(response.context["flight_list"]), expected)

    def test_pages_turn_and_keep_the_search(self) -> None:
        for number in range(30):
            make_airport(f"A{number:02}", city="Paged")
        first = self.client.get(reverse("airports"), {"q": "paged"})
        self.assertContains(first, "Page 1 of 2")
        self.assertContains(first, "?q=paged&amp;page=2")
        second = self.client.get(reverse("airports"), {"q": "paged", "page": 2})
        self.assertEqual(len(second.context["airport_list"]), 5)
        self.assertEqual(self.client.get(reverse("airports"), {"page": 99}).status_code, 404)

    def test_the_flights_are_counted_no_further_than_the_cap(self) -> None:
        paginator = CappedPaginator(type(self.late).objects.all(), 1)
        paginator.cap = 1
        self.assertEqual((paginator.count, paginator.capped), (1, True))

    def test_an_airport_shows_its_flights_weather_and_published_remarks(self) -> None:
        WeatherDay.objects.create(
            location="Seattle",
            date=date(2012, 1, 1),
            precipitation=4,
            temperature_max=8,
            temperature_min=3,
            conditions="rain",
        )
        make_remark(airport=self.sea, text="Shown to everyone.")
        make_remark(airport=self.sea, text="Waits for an editor.", status=Remark.Status.RECEIVED)
        response = self.client.get(self.sea.get_absolute_url())
        self.assertContains(response, "1 h 35 min late")
        self.assertContains(response, "Weather in Seattle")
        self.assertContains(response, "Shown to everyone.")
        self.assertNotContains(response, "Waits for an editor.")
        self.assertNotContains(response, "ana@example.org")

    def test_the_start_page_needs_few_queries(self) -> None:
        make_remark(airport=self.sea)
        with self.assertNumQueries(2):
            self.client.get(reverse("home"))

    def test_what_does_not_exist_is_not_found(self) -> None:
        for address in ["/airports/ZZZ/", "/flights/999999/", f"/remarks/{uuid.uuid4()}/", "/nowhere/"]:
            with self.subTest(address):
                self.assertContains(self.client.get(address), "Not found", status_code=404)

    def test_a_page_for_faults_is_shown_while_the_database_is_away(self) -> None:
        self.client.raise_request_exception = False
        with self.settings(DEBUG=False), self.assertLogs("django.request", "ERROR"):
            original = HomeView.get_context_data
            HomeView.get_context_data = _fail
            try:
                response = self.client.get("/")
            finally:
                HomeView.get_context_data = original
        self.assertContains(response, "Something went wrong", status_code=500)


def _fail(self, **kwargs):
    raise OperationalError("the database is away")


class RemarkFormTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.sea, cls.ord = make_airport("SEA"), make_airport("ORD")
        cls.flight = make_flight(cls.sea, cls.ord)

    def send(self, address: str = "/airports/SEA/remarks/new/", **changes: str):
        values = {
            "kind": "baggage",
            "happened_on": "2001-01-15",
            "text": "Suitcase came out wet ☔, on belt 4.",
            "author_name": "Zoë Müller",
            "author_email": "zoe@example.org",
        }
        return self.client.post(address, values | changes)

    def test_a_remark_is_stored_unpublished_and_can_be_read_back_by_its_author(self) -> None:
        response = self.send()
        remark = Remark.objects.get()
        self.assertRedirects(response, f"/remarks/{remark.reference}/")
        self.assertEqual((remark.airport, remark.flight, remark.status), (self.sea, None, "received"))
        page = self.client.get(response.url)
        self.assertContains(page, "Suitcase came out wet ☔")
        self.assertNotContains(page, "zoe@example.org")

    def test_a_remark_on_a_flight_keeps_who_was_signed_in(self) -> None:
        user = get_user_model().objects.create_user("editor")
        self.client.force_login(user)
        self.send(self.flight.get_absolute_url() + "remarks/new/")
        remark = Remark.objects.get()
        self.assertEqual((remark.airport, remark.flight, remark.author), (None, self.flight, user))

    def test_each_fault_is_shown_and_nothing_is_stored(self) -> None:
        tomorrow = (date.today() + timedelta(days=2)).isoformat()
        for changes, words in [
            ({"kind": "praise"}, "Select a valid choice"),
            ({"happened_on": tomorrow}, "This day is still to come."),
            ({"happened_on": "yesterday"}, "Enter a valid date."),
            ({"text": "Short"}, "at least 10 characters"),
            ({"text": "x" * 2001}, "at most 2000 characters"),
            ({"text": "nul \x00 character"}, "Null characters are not allowed."),
            ({"author_name": ""}, "This field is required."),
            ({"author_name": "???"}, "A name has letters."),
            ({"author_email": "nobody"}, "Enter a valid email address."),
        ]:
            with self.subTest(words):
                self.assertContains(self.send(**changes), words)
        self.assertContains(self.send(f"/flights/{self.flight.pk}/remarks/new/", happened_on="2001-03-01"), "three")
        self.assertFalse(Remark.objects.exists())

    def test_what_a_visitor_writes_is_never_taken_for_markup(self) -> None:
        response = self.client.get(self.send(text="<script>alert(1)</script>").url)
        self.assertContains(response, "&lt;script&gt;")

    def test_a_form_without_its_token_is_refused(self) -> None:
        client = self.client_class(enforce_csrf_checks=True)
        with self.assertLogs("django.security.csrf", "WARNING"):
            response = client.post("/airports/SEA/remarks/new/", {})
        self.assertContains(response, "The form has expired", status_code=403)


class AdminTests(TestCase):
    def setUp(self) -> None:
        self.sea, self.ord = make_airport("SEA"), make_airport("ORD")
        make_flight(self.sea, self.ord)
        self.remark = make_remark(airport=self.sea, status=Remark.Status.RECEIVED)
        self.client.force_login(get_user_model().objects.create_superuser("editor"))

    def test_every_list_answers(self) -> None:
        for model in ["flights_airport", "flights_flight", "flights_weatherday", "flights_remark"]:
            with self.subTest(model):
                response = self.client.get(reverse(f"admin:{model}_changelist"), {"q": "SEA"})
                self.assertEqual(response.status_code, 200)
        for model in ["etl_run", "etl_rejectedrow", "etl_feedstate"]:
            with self.subTest(model):
                self.assertEqual(self.client.get(reverse(f"admin:{model}_changelist")).status_code, 200)

    def test_a_photo_that_an_editor_uploads_is_stored_and_shown(self) -> None:
        pixel = io.BytesIO()
        Image.new("RGB", (2, 2)).save(pixel, "PNG")
        values = {name: getattr(self.sea, name) for name in ("code", "name", "country", "latitude", "longitude")}
        photo = SimpleUploadedFile("sea.png", pixel.getvalue(), "image/png")
        change = reverse("admin:flights_airport_change", args=[self.sea.pk])
        response = self.client.post(change, values | {"photo": photo})
        self.assertEqual(response.status_code, 302, response.content)
        self.sea.refresh_from_db()
        self.assertTrue((Path(settings.MEDIA_ROOT) / self.sea.photo.name).is_file())
        self.assertContains(self.client.get("/airports/SEA/"), f'src="/media/{self.sea.photo.name}"')

    def test_an_editor_publishes_a_remark(self) -> None:
        self.client.post(
            reverse("admin:flights_remark_changelist"),
            {"action": "publish", "_selected_action": [self.remark.pk]},
        )
        self.remark.refresh_from_db()
        self.assertEqual(self.remark.status, Remark.Status.PUBLISHED)

    def test_records_of_the_worker_cannot_be_edited(self) -> None:
        self.assertEqual(self.client.get(reverse("admin:etl_run_add")).status_code, 403)
