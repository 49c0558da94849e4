import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO

import psycopg
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TransactionTestCase, override_settings

from etl.feeds import feed_named
from etl.locks import LOCK_CLASS, FeedBusyError, lock_key
from etl.models import FeedState, RejectedRow, Run
from etl.pipeline import ingest
from etl.tests.files import ORD, SEA, Inbox, flight
from flights.models import Flight

PATIENCE_SECONDS = 60


def test_database() -> dict[str, str]:
    values = connection.settings_dict
    return {
        "dbname": values["NAME"],
        "user": values["USER"],
        "password": values["PASSWORD"],
        "host": values["HOST"],
        "port": str(values["PORT"] or 5432),
    }


class ProcessCase(TransactionTestCase):
    """Tests on real processes, which see only what is committed."""

    def setUp(self) -> None:
        self.inbox = Inbox(self)
        self.inbox.airports(SEA, ORD)

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen:
        database = test_database()
        url = "postgres://{user}:{password}@{host}:{port}/{dbname}".format(**database)
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=os.environ | {"DATABASE_URL": url, "ETL_INBOX": str(self.inbox.path), "RELEASE": "r-7"} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_until(self, condition) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), until, "gave up waiting")
            time.sleep(0.02)


class WorkerTests(ProcessCase):
    def test_it_runs_at_once_shows_signs_of_life_takes_new_files_and_stops_cleanly(self) -> None:
        heartbeat = self.inbox.path / "heartbeat"
        worker = self.start("etl_worker", ETL_INTERVAL_SECONDS="1", WORKER_HEARTBEAT_FILE=str(heartbeat))
        self.wait_until(lambda: Run.objects.filter(status="succeeded", release="r-7").exists())
        self.wait_until(lambda: FeedState.objects.filter(feed="airports", release="r-7").exists())
        first = heartbeat.stat().st_mtime_ns
        self.wait_until(lambda: heartbeat.stat().st_mtime_ns > first)
        self.inbox.flights([flight(1)])
        self.wait_until(lambda: Flight.objects.count() == 1)
        # A file that is as it was is not run again.
        self.assertEqual(Run.objects.filter(feed="airports").count(), 1)
        worker.send_signal(signal.SIGTERM)
        output, _ = worker.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(worker.returncode, 0, output)

    def test_told_to_stop_in_the_middle_of_a_file_it_keeps_what_it_has_and_exits_cleanly(self) -> None:
        self.inbox.flights([flight(number) for number in range(4_000)])
        worker = self.start("etl_worker", ETL_BATCH_SIZE="20")
        self.wait_until(lambda: Run.objects.filter(feed="flights", rows_read__gt=0).exists())
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=PATIENCE_SECONDS)
        run = Run.objects.get(feed="flights")
        self.assertEqual((worker.returncode, run.status), (0, "interrupted"))
        self.assertEqual(Flight.objects.count(), run.rows_read)

    def test_a_killed_run_is_finished_by_the_next_without_a_lost_or_repeated_row(self) -> None:
        items = [flight(number) for number in range(4_000)]
        items[15] = flight(0)
        path = self.inbox.flights(items)
        call_command("etl_run", file=self.inbox.path / "airports.csv", stdout=StringIO())
        worker = self.start("etl_run", "--file", str(path), ETL_BATCH_SIZE="20")
        self.wait_until(lambda: Run.objects.filter(feed="flights", rows_read__gt=100).exists())
        worker.kill()
        worker.wait()
        killed = Run.objects.get(feed="flights")
        self.assertEqual(killed.status, "running")
        self.assertEqual(Flight.objects.count(), killed.rows_loaded)
        # The server notices the end of the connection, and with it of the lock, in its own time.
        self.wait_until(lambda: not self.is_locked("flights"))
        with override_settings(RELEASE="r-7"):
            run = ingest(feed_named("flights"), path)
        self.assertEqual((run.pk, run.status), (killed.pk, "succeeded"))
        self.assertEqual((run.rows_read, run.rows_loaded, run.rows_rejected), (4_000, 3_999, 1))
        self.assertEqual((Flight.objects.count(), RejectedRow.objects.count()), (3_999, 1))

    def is_locked(self, feed: str) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s",
                [LOCK_CLASS, lock_key(feed)],
            )
            return cursor.fetchone() is not None

    def test_it_outlives_a_database_that_is_away(self) -> None:
        heartbeat = self.inbox.path / "heartbeat"
        worker = self.start(
            "etl_worker", DATABASE_URL="postgres://x:y@127.0.0.1:1/none", WORKER_HEARTBEAT_FILE=str(heartbeat)
        )
        self.assertIn("The database does not answer", worker.stdout.readline())
        before = heartbeat.stat().st_mtime_ns
        self.wait_until(lambda: heartbeat.stat().st_mtime_ns > before)
        self.assertIsNone(worker.poll())
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(worker.returncode, 0)

    def test_it_goes_on_by_itself_after_its_connection_was_cut(self) -> None:
        self.inbox.flights([flight(number) for number in range(2_000)])
        worker = self.start("etl_worker", ETL_BATCH_SIZE="20")
        self.wait_until(lambda: Run.objects.filter(feed="flights", rows_read__gt=0).exists())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s",
                [LOCK_CLASS],
            )
        self.wait_until(lambda: Run.objects.filter(feed="flights", status="succeeded").exists())
        self.assertEqual(Flight.objects.count(), 2_000)
        self.assertEqual(Run.objects.filter(feed="flights").count(), 1)
        self.assertIsNone(worker.poll())

    def test_a_missing_inbox_is_named(self) -> None:
        worker = self.start("etl_worker", ETL_INBOX="/nowhere")
        output, _ = worker.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(worker.returncode, 1)
        self.assertIn("ETL_INBOX is not a directory: /nowhere", output)


class LockTests(ProcessCase):
    def test_two_processes_never_work_on_the_same_feed(self) -> None:
        with psycopg.connect(**test_database()) as other:
            other.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, lock_key("airports")])
            with self.assertRaises(FeedBusyError):
                ingest(feed_named("airports"), self.inbox.path / "airports.csv")
            self.assertFalse(Run.objects.exists())
            other.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, lock_key("airports")])
        self.assertEqual(ingest(feed_named("airports"), self.inbox.path / "airports.csv").status, "succeeded")

    def test_a_worker_waits_for_a_feed_that_another_one_has(self) -> None:
        with psycopg.connect(**test_database()) as other:
            other.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, lock_key("airports")])
            worker = self.start("etl_worker")
            self.assertIn("airports", _first_line_with(worker, "Another process is working on the feed"))
        self.wait_until(lambda: Run.objects.filter(feed="airports", status="succeeded").exists())


class CommandTests(TransactionTestCase):
    def setUp(self) -> None:
        self.inbox = Inbox(self)

    def call(self, *arguments: str) -> str:
        output = StringIO()
        with override_settings(ETL_INBOX=self.inbox.path):
            call_command(*arguments, stdout=output)
        return output.getvalue()

    def test_etl_run_takes_the_inbox_and_says_what_became_of_each_row(self) -> None:
        self.inbox.airports(SEA, ORD)
        self.inbox.flights([flight(1), flight(2), flight(1)])
        output = self.call("etl_run")
        self.assertIn("airports.csv: succeeded; 2 read = 2 loaded", output)
        self.assertIn("flights.json: succeeded; 3 read = 2 loaded + 0 updated + 0 unchanged + 1 rejected", output)

    def test_etl_run_fails_with_the_reason_when_a_file_does(self) -> None:
        self.inbox.airports(SEA, header="iata,name")
        with self.assertRaises(CommandError) as caught:
            self.call("etl_run")
        self.assertIn("airports.csv: Columns 'city', 'state'", str(caught.exception))

    def test_etl_run_of_one_file_needs_its_feed(self) -> None:
        path = self.inbox.airports(SEA, name="fields.csv")
        with self.assertRaises(CommandError) as caught:
            self.call("etl_run", "--file", str(path))
        self.assertIn("fields.csv matches no feed", str(caught.exception))
        self.assertIn("1 loaded", self.call("etl_run", "--file", str(path), "--feed", "airports"))
        with self.assertRaises(CommandError):
            self.call("etl_run", "--file", "/nowhere/airports.csv")

    def test_etl_status_reports_last_run_release_and_counts_as_json(self) -> None:
        self.assertIsNone(json.loads(self.call("etl_status", "--json"))["last_run"])
        self.inbox.airports(SEA, ORD, "x")
        with override_settings(RELEASE="r-9"):
            self.call("etl_run")
        status = json.loads(self.call("etl_status", "--json"))
        airports = status["feeds"][0]
        self.assertEqual(status["last_run"]["release"], "r-9")
        self.assertEqual((airports["feed"], airports["release"]), ("airports", "r-9"))
        self.assertEqual(
            airports["last_run"]["rows"], {"read": 3, "loaded": 2, "updated": 0, "unchanged": 0, "rejected": 1}
        )
        self.assertIn("airports: succeeded (release r-9)", self.call("etl_status"))


def _first_line_with(process: subprocess.Popen, words: str) -> str:
    return next(line for line in process.stdout if words in line)
