from dataclasses import replace
from pathlib import Path
from unittest import mock

from django.db import OperationalError
from django.test import TestCase, override_settings

from etl import pipeline
from etl.feeds import feed_named, feed_of
from etl.models import RejectedRow, Run
from etl.pipeline import Control, ingest
from etl.reference import load_reference_data
from etl.tests.files import AIRPORTS_HEADER, JFK, ORD, SEA, Inbox, flight
from flights.models import Airport, Flight


def counts(run: Run) -> tuple[int, int, int, int, int]:
    run.refresh_from_db()
    return run.rows_read, run.rows_loaded, run.rows_updated, run.rows_unchanged, run.rows_rejected


class PipelineCase(TestCase):
    def setUp(self) -> None:
        self.inbox = Inbox(self)

    def ingest(self, path: Path, control: Control | None = None) -> Run:
        return ingest(feed_of(path), path, control=control)

    def reasons(self, run: Run) -> dict[int, str]:
        return dict(run.rejected.values_list("line", "reason"))


class LoadTests(PipelineCase):
    def test_rows_are_loaded_then_found_unchanged_then_updated(self) -> None:
        path = self.inbox.airports(SEA, ORD, JFK)
        self.assertEqual(counts(self.ingest(path)), (3, 3, 0, 0, 0))
        self.assertEqual(counts(self.ingest(path)), (3, 0, 0, 3, 0))
        path = self.inbox.airports(SEA.replace("Tacoma Intl", "Tacoma"), ORD, JFK)
        self.assertEqual(counts(self.ingest(path)), (3, 0, 1, 2, 0))
        self.assertEqual(Airport.objects.get(code="SEA").name, "Seattle-Tacoma")
        self.assertEqual(Airport.objects.count(), 3)

    def test_regions_are_derived_and_na_is_taken_for_unknown(self) -> None:
        self.ingest(self.inbox.airports(SEA, "YAP,Yap International,NA,NA,Micronesia,9.5167,138.1"))
        self.assertEqual(Airport.objects.get(code="SEA").region, "West")
        yap = Airport.objects.get(code="YAP")
        self.assertEqual((yap.city, yap.state, yap.region), ("", "", ""))

    def test_the_packaged_data_loads_without_a_rejected_row(self) -> None:
        runs = load_reference_data()
        self.assertEqual([run.status for run in runs], ["succeeded"] * 3)
        self.assertEqual([run.rows_loaded for run in runs], [3376, 5000, 2922])
        self.assertEqual([run.rows_unchanged for run in load_reference_data()], [3376, 5000, 2922])

    def test_flights_from_csv_and_from_json_are_the_same_flights(self) -> None:
        self.ingest(self.inbox.airports(SEA, ORD))
        self.ingest(self.inbox.flights([flight(0), flight(1, delay=None)]))
        csv = "date,delay,distance,origin,destination\n2001/01/01 00:00,5,1721,SEA,ORD\n2001/01/01 00:01,,1721,SEA,ORD"
        run = self.ingest(self.inbox.raw("flights.csv", csv.encode()))
        self.assertEqual(counts(run), (2, 0, 0, 2, 0))

    @override_settings(ETL_BATCH_SIZE=7)
    def test_counts_add_up_over_batches(self) -> None:
        self.ingest(self.inbox.airports(SEA, ORD))
        self.ingest(self.inbox.flights([flight(number) for number in range(0, 40, 2)]))
        items = [flight(number, delay=9 if number % 3 else 5) for number in range(40)]
        items += [flight(3), flight(100, origin="ZZZ"), "nonsense"]
        run = self.ingest(self.inbox.flights(items))
        self.assertEqual(counts(run), (43, 20, 13, 7, 3))
        self.assertEqual(Flight.objects.count(), 40)

    @override_settings(RELEASE="r-42")
    def test_a_run_names_its_release_file_and_digest(self) -> None:
        run = self.ingest(self.inbox.airports(SEA))
        self.assertEqual((run.release, run.file_name, len(run.file_digest)), ("r-42", "airports.csv", 64))

    def test_a_byte_order_mark_carriage_returns_and_blank_lines_are_taken_as_they_are_meant(self) -> None:
        content = "\ufeff" + "\r\n".join([AIRPORTS_HEADER, SEA, "", ORD, ""])
        self.assertEqual(counts(self.ingest(self.inbox.raw("airports.csv", content.encode()))), (2, 2, 0, 0, 0))


class RejectionTests(PipelineCase):
    def test_each_bad_row_is_set_aside_with_line_reason_and_content_and_the_others_load(self) -> None:
        lines = [
            SEA,
            "sea,Lower Case,Seattle,WA,USA,47,-122",
            "LAT,Latitude,X,WA,USA,147.5,-122",
            "NAN,Not a number,X,WA,USA,nan,abc",
            "TWO,Too few,X,WA",
            'QUO,"Open quote,X,WA,USA,47,-122',
            "STA,State,X,Washington,USA,47,-122",
            f"NAM,{'n' * 121},X,WA,USA,47,-122",
            "NUL,Nul\x00,X,WA,USA,47,-122",
            ORD,
            JFK,
            *(f"A{number:02},Field,X,WA,USA,1,2" for number in range(9)),
        ]
        run = self.ingest(self.inbox.airports(*lines))
        self.assertEqual((run.status, counts(run)), ("succeeded", (20, 12, 0, 0, 8)))
        reasons = self.reasons(run)
        for line, words in [
            (3, "iata must be three or four capitals or digits; got 'sea'"),
            (4, "latitude must be between -90 and 90; got '147.5'"),
            (5, "latitude must be between -90 and 90; got 'nan'; longitude must be a number; got 'abc'"),
            (6, "4 fields where the header has 7"),
            (7, "not readable as CSV"),
            (8, "state has 10 characters; at most 2 fit"),
            (9, "name has 121 characters"),
            (10, "holds a NUL character"),
        ]:
            with self.subTest(line):
                self.assertIn(words, reasons[line])
        self.assertIn("Lower Case", RejectedRow.objects.get(run=run, line=3).raw)

    def test_bytes_that_are_not_utf_8_cost_their_row_only(self) -> None:
        content = f"{AIRPORTS_HEADER}\n{SEA}\n".encode() + "ZRH,Zürich,X,WA,USA,1,2\n".encode("latin-1") + ORD.encode()
        run = self.ingest(self.inbox.raw("airports.csv", content))
        self.assertEqual((counts(run), self.reasons(run)), ((3, 2, 0, 0, 1), {3: "holds bytes that are not UTF-8"}))

    def test_items_of_the_wrong_kind_are_set_aside(self) -> None:
        self.ingest(self.inbox.airports(SEA, ORD))
        bad = [
            (flight(1, delay="late"), "delay must be a number; got 'late'"),
            (flight(2, delay=1.5), "delay must be a whole number; got 1.5"),
            (flight(3, delay=True), "delay must be a number; got True"),
            (flight(4, distance=0), "distance must be between 1 and 12500; got 0"),
            (flight(5, distance=10**400), "distance must be a number"),
            (flight(6, origin=["SEA"]), "origin must be text; got ['SEA']"),
            (flight(7, destination="SEA"), "destination is the same airport as origin"),
            (flight(8, date="2001-01-01T00:00"), "date must be a time such as 2001/12/31 06:55"),
            (flight(9, date="2001/02/30 10:00"), "date must be a time"),
            (flight(10, origin="ZZZ"), "origin is not a known airport; got 'ZZZ'"),
            ({"date": "2001/01/01 01:00"}, "origin is missing; destination is missing"),
            (flight(11, origin="\ud800"), "holds bytes that are not UTF-8"),
            (None, "a NoneType where an object is expected"),
        ]
        good = [flight(number) for number in range(100, 120)]
        run = self.ingest(self.inbox.flights([*good, *(item for item, _ in bad)]))
        self.assertEqual((run.status, counts(run)), ("succeeded", (33, 20, 0, 0, 13)))
        reasons = self.reasons(run)
        for line, (_, words) in enumerate(bad, start=21):
            with self.subTest(words):
                self.assertIn(words, reasons[line])

    @override_settings(ETL_BATCH_SIZE=2)
    def test_a_repeated_key_is_set_aside_naming_the_first_even_across_batches(self) -> None:
        run = self.ingest(self.inbox.airports(SEA, ORD, JFK, SEA.replace("Intl", "Other"), ORD))
        self.assertEqual(counts(run), (5, 3, 0, 0, 2))
        self.assertEqual(self.reasons(run), {5: "repeats line 2", 6: "repeats line 3"})
        self.assertEqual(Airport.objects.get(code="SEA").name, "Seattle-Tacoma Intl")

    def test_a_row_that_only_the_database_refuses_is_set_aside_alone(self) -> None:
        feed = feed_named("airports")

        def lenient(record, context):
            return feed.parse({**record, "iata": "OK1"}, context) | {"code": record["iata"]}

        path = self.inbox.airports(SEA, "LONGER,Too long,X,WA,USA,1,2", ORD)
        run = ingest(replace(feed, parse=lenient), path)
        self.assertEqual(counts(run), (3, 2, 0, 0, 1))
        self.assertIn("refused by the database: value too long", self.reasons(run)[3])


class ContractTests(PipelineCase):
    def assert_refused(self, path: Path, words: str) -> None:
        run = self.ingest(path)
        self.assertEqual((run.status, counts(run)[1]), ("failed", 0))
        self.assertIn(words, run.error)
        self.assertIsNotNone(run.finished_at)

    def test_a_renamed_column_fails_the_run_naming_both_names(self) -> None:
        path = self.inbox.airports(SEA, header=AIRPORTS_HEADER.replace("latitude", "lat"))
        self.assert_refused(path, "Column 'latitude' missing; instead it has 'lat'")

    def test_a_renamed_key_in_json_fails_the_run(self) -> None:
        items = [{**flight(number), "delay_minutes": 5} for number in range(3)]
        for item in items:
            del item["delay"]
        self.assert_refused(self.inbox.flights(items), "Column 'delay' missing; instead it has 'delay_minutes'")

    def test_an_empty_file_is_refused(self) -> None:
        self.assert_refused(self.inbox.raw("airports.csv", b""), "The file is empty")
        self.assert_refused(self.inbox.airports(), "airports.csv has 0 rows; at least 1 are expected.")
        self.assert_refused(self.inbox.flights([]), "empty JSON list")

    @override_settings(ETL_ROW_FLOOR=3)
    def test_a_file_below_the_row_floor_is_refused_before_anything_is_loaded(self) -> None:
        self.assert_refused(self.inbox.airports(SEA, ORD), "has 2 rows; at least 3 are expected")
        self.assertFalse(Airport.objects.exists())

    def test_what_is_not_json_or_not_a_list_is_refused(self) -> None:
        self.assert_refused(self.inbox.raw("flights.json", b'[{"date": '), "not valid JSON")
        self.assert_refused(self.inbox.raw("flights.json", b"\xff\xfe"), "not UTF-8: byte 0")
        self.assert_refused(self.inbox.raw("flights.json", b'{"a": 1}'), "must hold a JSON list of objects")
        self.assert_refused(self.inbox.raw("flights.json", b"[" + b"9" * 5000 + b"]"), "not valid JSON")

    def test_a_column_named_twice_is_refused(self) -> None:
        self.assert_refused(self.inbox.airports(SEA + ",x", header=AIRPORTS_HEADER + ",iata"), "named twice")

    def test_further_columns_are_taken_note_of_and_ignored(self) -> None:
        with self.assertLogs("etl.pipeline", "WARNING") as logs:
            run = self.ingest(self.inbox.airports(SEA + ",433", header=AIRPORTS_HEADER + ",elevation"))
        self.assertEqual(run.status, "succeeded")
        self.assertIn("elevation", logs.output[0])

    def test_a_file_most_of_whose_rows_are_bad_fails(self) -> None:
        run = self.ingest(self.inbox.airports(SEA, "x", "y"))
        self.assertEqual((run.status, counts(run)), ("failed", (3, 1, 0, 0, 2)))
        self.assertIn("2 of 3 rows were rejected", run.error)

    def test_a_file_that_changes_while_it_is_read_fails(self) -> None:
        path = self.inbox.airports(SEA, ORD)
        control = Control(alive=lambda: path.write_text("changed"))
        self.assertIn("changed while it was read", self.ingest(path, control).error)

    def test_a_fault_of_the_program_itself_shows_in_the_run(self) -> None:
        feed = replace(feed_named("airports"), parse=lambda record, context: 1 / 0)
        with self.assertLogs("etl.pipeline", "ERROR"):
            run = ingest(feed, self.inbox.airports(SEA))
        self.assertEqual((run.status, run.error), ("failed", "ZeroDivisionError: division by zero"))


@override_settings(ETL_BATCH_SIZE=10)
class InterruptionTests(PipelineCase):
    def setUp(self) -> None:
        super().setUp()
        self.ingest(self.inbox.airports(SEA, ORD))
        items = [flight(number) for number in range(35)]
        items[3] = items[24] = flight(0)
        self.path = self.inbox.flights(items)

    def test_a_batch_that_breaks_leaves_nothing_of_itself_and_the_next_run_goes_on_behind_the_last_one(self) -> None:
        store, calls = pipeline._store, []

        def break_in_third(feed, run, batch):
            calls.append(run.pk)
            if len(calls) == 3:
                # Rows of the batch are written when the connection goes.
                with mock.patch.object(pipeline.RejectedRow.objects, "bulk_create", side_effect=OperationalError):
                    store(feed, run, batch)
            store(feed, run, batch)

        with mock.patch.object(pipeline, "_store", break_in_third), self.assertRaises(OperationalError):
            self.ingest(self.path)
        broken = Run.objects.first()
        self.assertEqual((broken.status, counts(broken)), ("running", (20, 19, 0, 0, 1)))
        self.assertEqual(Flight.objects.count(), 19)

        resumed = self.ingest(self.path)
        self.assertEqual(resumed.pk, broken.pk)
        self.assertEqual((resumed.status, counts(resumed)), ("succeeded", (35, 33, 0, 0, 2)))
        self.assertEqual(self.reasons(resumed), {4: "repeats line 1", 25: "repeats line 1"})

    def test_told_to_stop_it_finishes_the_batch_and_goes_on_later(self) -> None:
        answers = iter([False, False, True])
        run = self.ingest(self.path, Control(stopping=lambda: next(answers)))
        self.assertEqual((run.status, counts(run)[0]), ("interrupted", 20))
        self.assertEqual(counts(self.ingest(self.path)), (35, 33, 0, 0, 2))

    def test_another_release_or_other_bytes_begin_anew(self) -> None:
        answers = iter([False, True])
        first = self.ingest(self.path, Control(stopping=lambda: next(answers)))
        with override_settings(RELEASE="another"):
            second = self.ingest(self.path)
        first.refresh_from_db()
        self.assertEqual((first.status, second.status), ("abandoned", "succeeded"))
        self.assertEqual(counts(second), (35, 24, 0, 9, 2))

    def test_signs_of_life_come_with_every_batch(self) -> None:
        beats = []
        self.ingest(self.path, Control(alive=lambda: beats.append(1)))
        self.assertGreaterEqual(len(beats), 4)
