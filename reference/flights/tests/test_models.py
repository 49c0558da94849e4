from django.db import IntegrityError, connection, transaction
from django.db.models.deletion import ProtectedError
from django.test import TestCase

from flights.models import Remark
from flights.regions import region_of
from flights.templatetags.flights_text import delay_class, delay_text
from flights.tests.records import make_airport, make_flight, make_remark


class ConstraintTests(TestCase):
    def setUp(self) -> None:
        self.sea, self.sfo = make_airport("SEA"), make_airport("SFO")
        self.flight = make_flight(self.sea, self.sfo)

    def assert_refused(self, constraint: str, action) -> None:
        with self.assertRaises(IntegrityError) as caught, transaction.atomic():
            action()
        self.assertIn(constraint, str(caught.exception))

    def test_the_same_departure_cannot_be_stored_twice(self) -> None:
        self.assert_refused("flight_natural_key", lambda: make_flight(self.sea, self.sfo))

    def test_a_flight_cannot_end_where_it_began(self) -> None:
        self.assert_refused("flight_goes_elsewhere", lambda: make_flight(self.sea, self.sea))

    def test_a_flight_covers_a_distance(self) -> None:
        self.assert_refused("flight_has_distance", lambda: make_flight(self.sfo, self.sea, distance_miles=0))

    def test_a_remark_is_on_an_airport_or_on_a_flight_and_never_on_both_or_none(self) -> None:
        self.assert_refused("remark_has_one_subject", make_remark)
        self.assert_refused("remark_has_one_subject", lambda: make_remark(airport=self.sea, flight=self.flight))

    def test_an_airport_with_flights_cannot_be_deleted(self) -> None:
        with self.assertRaises(ProtectedError):
            self.sea.delete()

    def test_code_that_does_not_know_the_newer_columns_can_still_insert(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO flights_airport (code, name, city, state, country, latitude, longitude) "
                "VALUES ('OLD', 'Old Field', '', '', 'USA', 1, 2) RETURNING region, photo"
            )
            self.assertEqual(cursor.fetchone(), ("", ""))


class TextTests(TestCase):
    def test_a_delay_reads_as_words(self) -> None:
        for minutes, words in [
            (None, "not reported"),
            (0, "on time"),
            (-7, "7 min early"),
            (60, "1 h late"),
            (95, "1 h 35 min late"),
        ]:
            with self.subTest(minutes):
                self.assertEqual(delay_text(minutes), words)

    def test_a_flight_is_delayed_from_fifteen_minutes_on(self) -> None:
        self.assertEqual([delay_class(14), delay_class(15)], ["delay-ok", "delay-late"])

    def test_only_published_remarks_are_public(self) -> None:
        airport = make_airport()
        for status in Remark.Status:
            make_remark(airport=airport, status=status)
        self.assertEqual([remark.status for remark in Remark.objects.published()], ["published"])

    def test_states_have_regions(self) -> None:
        self.assertEqual([region_of("WA"), region_of("PR"), region_of("ZZ")], ["West", "Territories", ""])
