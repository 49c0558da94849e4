from unittest import mock

from django.test import TestCase, override_settings

from etl import cycle
from etl.cycle import run_cycle
from etl.models import Run
from etl.pipeline import Control
from etl.tests.files import ORD, SEA, Inbox, flight


class CycleTests(TestCase):
    def setUp(self) -> None:
        self.inbox = Inbox(self)
        self.inbox.airports(SEA, ORD)

    def cycle(self):
        return run_cycle(self.inbox.path, Control(), only_changed=True)

    def test_airports_come_before_the_flights_that_name_them(self) -> None:
        self.inbox.flights([flight(1)], name="flights-a.json")
        self.assertEqual([(run.feed, run.rows_loaded) for run in self.cycle().runs], [("airports", 2), ("flights", 1)])

    def test_an_unchanged_file_is_passed_over_until_it_or_the_release_changes(self) -> None:
        self.cycle()
        self.assertEqual(self.cycle().skipped, ["airports.csv"])
        with override_settings(RELEASE="next"):
            self.assertEqual([run.rows_unchanged for run in self.cycle().runs], [2])
        self.inbox.airports(SEA)
        self.assertEqual([run.rows_unchanged for run in self.cycle().runs], [1])

    def test_a_refused_file_is_not_tried_again_but_stays_in_the_log(self) -> None:
        self.inbox.airports(SEA, header="iata,name")
        self.assertEqual([run.status for run in self.cycle().runs], ["failed"])
        with self.assertLogs("etl.cycle", "WARNING") as logs:
            self.assertEqual(self.cycle().runs, [])
        self.assertTrue(any("still refused: Columns 'city'" in line for line in logs.output))

    def test_files_that_are_still_written_or_of_no_feed_are_left_alone(self) -> None:
        self.inbox.raw("airports.csv.part", b"half")
        self.inbox.raw("README.md", b"text")
        self.assertEqual([run.file_name for run in self.cycle().runs], ["airports.csv"])

    def test_one_refused_file_does_not_keep_the_others_back(self) -> None:
        self.inbox.flights([])
        self.inbox.raw(
            "weather.csv", b"location,date,precipitation,temp_max,temp_min,wind,weather\nX,2020-01-01,0,1,0,,sun"
        )
        self.assertEqual([run.status for run in self.cycle().runs], ["succeeded", "failed", "succeeded"])

    def test_only_the_newest_runs_are_kept(self) -> None:
        with mock.patch.object(cycle, "RUNS_KEPT", 2):
            for release in "abc":
                with override_settings(RELEASE=release):
                    self.cycle()
        self.assertEqual(list(Run.objects.values_list("release", flat=True)), ["c", "b"])
