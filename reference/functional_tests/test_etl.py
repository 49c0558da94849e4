"""
The ETL on a data set with all that data sets have: bad rows, repetitions, a renamed column, a killed run, a late file.

It runs as the worker of the release does, in the worker's role, on a database that is made for this suite and thrown
away.
"""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

PROJECT = "/app"
AIRPORTS = (
    "iata,name,city,state,country,latitude,longitude",
    "SEA,Seattle-Tacoma Intl,Seattle,WA,USA,47.44898194,-122.3093131",
    "ORD,Chicago O'Hare International,Chicago,IL,USA,41.979595,-87.90446417",
    "JFK,John F Kennedy Intl,New York,NY,USA,40.63975111,-73.77892556",
)
TABLES = ("etl_rejectedrow", "etl_run", "etl_feedstate", "flights_flight", "flights_airport", "flights_weatherday")
SECONDS = 120


def flight(number: int, **values: Any) -> dict[str, Any]:
    """A flight of the feed; other numbers are other minutes, and so other flights."""
    day, minute = divmod(number, 1440)
    month, day = divmod(day, 28)
    time_of_day = f"2001/{month + 1:02}/{day + 1:02} {minute // 60:02}:{minute % 60:02}"
    return {"date": time_of_day, "delay": 5, "distance": 1721, "origin": "SEA", "destination": "ORD"} | values


class Etl:
    """The project's ETL on an inbox of its own."""

    def __init__(self, inbox: Path, database: psycopg.Connection) -> None:
        self.inbox = inbox
        self.database = database
        self.environment = os.environ | {
            "DATABASE_URL": os.environ["ETL_DATABASE_URL"],
            "ETL_INBOX": str(inbox),
            "ETL_INTERVAL_SECONDS": "1",
        }

    def write(self, name: str, content: Sequence[Any]) -> Path:
        """A file that is complete when it has its name, as the feeds ask for."""
        path = self.inbox / name
        text = json.dumps(content) if name.endswith(".json") else "\n".join([*content, ""])
        path.with_suffix(".part").write_text(text)
        return path.with_suffix(".part").rename(path)

    def command(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["python3", "manage.py", *words],
            cwd=PROJECT,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["python3", "manage.py", *words],
            cwd=PROJECT,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def take(self, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.command("etl_run", "--file", str(path), **environment)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.database.execute(query).fetchall()  # type: ignore[arg-type]

    def one(self, query: str) -> Any:
        return self.ask(query)[0][0]


@pytest.fixture(scope="session")
def fresh_database() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["ETL_DATABASE_URL"], autocommit=True) as connection:
        rows = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in TABLES}  # type: ignore[arg-type]
        # These tests empty tables.
        if set(rows.values()) != {(0,)}:
            pytest.exit(
                f"the suite must have a database of its own (database: fresh); found rows: {rows}", returncode=1
            )
        yield connection


@pytest.fixture
def etl(fresh_database: psycopg.Connection) -> Iterator[Etl]:
    with tempfile.TemporaryDirectory(prefix="inbox-") as inbox:
        etl = Etl(Path(inbox), fresh_database)
        yield etl
        for name in TABLES:
            fresh_database.execute(f"DELETE FROM {name}")  # type: ignore[arg-type]


@pytest.fixture
def airports(etl: Etl) -> None:
    """The airports of the flights, as the ETL stored them when a test first asked for them."""
    if etl.one("SELECT to_regclass('pg_temp.stored_airports') IS NULL"):
        done = etl.take(etl.write("airports.csv", AIRPORTS))
        assert done.returncode == 0, done.stdout + done.stderr
        etl.database.execute("CREATE TEMPORARY TABLE stored_airports AS SELECT * FROM flights_airport")
    else:
        etl.database.execute("INSERT INTO flights_airport SELECT * FROM stored_airports")


def eventually(what: str, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, f"{what} within {SECONDS} s"
        time.sleep(0.02)


def stop(process: subprocess.Popen[str]) -> str:
    """Tells a worker to stop, sees it end well, and returns what it said."""
    assert process.poll() is None, f"the worker ended by itself:\n{process.communicate()[0][-2000:]}"
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said[-2000:]
    return said


@pytest.mark.usefixtures("airports")
def test_bad_rows_are_set_aside_with_their_reason_and_the_others_load(etl: Etl) -> None:
    rows = [
        flight(1),
        flight(2, origin="ZZZ"),
        flight(3, distance="far"),
        flight(4, date="2001/13/45 99:99"),
        flight(5, destination="SEA"),
        flight(6),
        flight(7),
        flight(8),
        flight(9),
    ]
    done = etl.take(etl.write("flights.json", rows))
    assert done.returncode == 0, done.stdout + done.stderr
    assert etl.one("SELECT count(*) FROM flights_flight") == 5
    reasons = dict(etl.ask("SELECT line, reason FROM etl_rejectedrow ORDER BY line"))
    assert sorted(reasons) == [2, 3, 4, 5]
    for line, named in [(2, "ZZZ"), (3, "far"), (4, "2001/13/45"), (5, "same airport")]:
        assert named in reasons[line]
    assert etl.ask("SELECT status, rows_read, rows_loaded, rows_rejected FROM etl_run WHERE feed = 'flights'") == [
        ("succeeded", 9, 5, 4)
    ]


@pytest.mark.usefixtures("airports")
def test_repeated_rows_and_repeated_files_make_no_row_twice(etl: Etl) -> None:
    path = etl.write("flights.json", [flight(1), flight(2), flight(1, delay=90), flight(3)])
    for _ in range(2):
        assert etl.take(path).returncode == 0
    assert etl.ask("SELECT count(*), count(DISTINCT (departs_at, origin_id, destination_id)) FROM flights_flight") == [
        (3, 3)
    ]
    assert etl.ask("SELECT DISTINCT line, reason FROM etl_rejectedrow") == [(3, "repeats line 1")]
    unchanged = etl.ask("SELECT rows_unchanged FROM etl_run WHERE feed = 'flights' ORDER BY id")
    assert unchanged == [(0,), (3,)]


@pytest.mark.usefixtures("airports")
def test_a_renamed_column_is_an_error_that_names_it_and_loads_nothing(etl: Etl) -> None:
    rows = [{("arrival_delay" if name == "delay" else name): value for name, value in flight(1).items()}]
    done = etl.take(etl.write("flights.json", rows))
    assert done.returncode != 0
    ((status, error),) = etl.ask("SELECT status, error FROM etl_run WHERE feed = 'flights'")
    assert status == "failed"
    assert "delay" in error
    assert "arrival_delay" in error
    assert etl.one("SELECT count(*) FROM flights_flight") == 0


def test_a_worker_outlives_bad_files_and_does_not_try_them_again_and_again(etl: Etl) -> None:
    etl.write("airports.csv", [*AIRPORTS, "BAD,No place,Nowhere,WA,USA,north,west"])
    etl.write("flights.json", [{"when": "2001/01/01 00:00"}])
    etl.write("weather.csv", ["location,date", "Seattle,2001-01-01"])
    worker = etl.start("etl_worker")
    try:
        eventually(
            "all files are seen", lambda: etl.one("SELECT count(*) FROM etl_run WHERE finished_at IS NOT NULL") == 3
        )
        before = etl.one("SELECT max(checked_at) FROM etl_feedstate")
        for _ in range(2):
            eventually("another look", lambda: etl.one("SELECT min(checked_at) FROM etl_feedstate") > before)  # noqa: B023
            before = etl.one("SELECT max(checked_at) FROM etl_feedstate")
    finally:
        stop(worker)
    assert etl.ask("SELECT feed, status, count(*) FROM etl_run GROUP BY feed, status ORDER BY feed") == [
        ("airports", "succeeded", 1),
        ("flights", "failed", 1),
        ("weather", "failed", 1),
    ]
    assert "longitude" in etl.one("SELECT reason FROM etl_rejectedrow")


@pytest.mark.usefixtures("airports")
def test_a_killed_run_is_gone_on_with_and_no_row_is_lost_or_doubled(etl: Etl) -> None:
    total = 10_000
    path = etl.write("flights.json", [flight(number) for number in range(total)])
    words = ("etl_run", "--file", str(path))
    first = etl.start(*words, ETL_BATCH_SIZE="50")
    read = "SELECT coalesce(max(rows_read), 0) FROM etl_run WHERE feed = 'flights'"
    eventually("some batches are in", lambda: etl.one(read) >= 200 or first.poll() is not None)
    first.kill()
    first.communicate()
    reached = etl.one(read)
    assert 0 < reached < total, "the run must have been killed in its middle"
    assert etl.one("SELECT count(*) FROM flights_flight") == reached
    second = etl.command(*words)
    assert second.returncode == 0, second.stdout + second.stderr
    assert etl.ask(
        "SELECT status, rows_read, rows_loaded, rows_unchanged, rows_rejected FROM etl_run WHERE feed = 'flights'"
    ) == [("succeeded", total, total, 0, 0)]
    assert etl.one("SELECT count(*) FROM flights_flight") == total


@pytest.mark.usefixtures("airports")
def test_hours_in_which_clocks_change_are_kept_as_they_are_written(etl: Etl) -> None:
    # In New York the first never was, and the third was twice.
    written = ["2001/04/01 02:30", "2001/04/01 03:30", "2001/10/28 01:30", "2001/10/28 02:30"]
    done = etl.take(etl.write("flights.json", [flight(0, date=moment) for moment in written]))
    assert done.returncode == 0, done.stdout + done.stderr
    stored = etl.ask(
        "SELECT to_char(departs_at AT TIME ZONE 'UTC', 'YYYY/MM/DD HH24:MI') FROM flights_flight ORDER BY departs_at"
    )
    assert [moment for (moment,) in stored] == written


@pytest.mark.usefixtures("airports")
def test_a_late_file_adds_what_was_missing_and_changes_only_what_it_corrects(etl: Etl) -> None:
    assert etl.take(etl.write("flights-2.json", [flight(2000), flight(2001)])).returncode == 0
    late = etl.write("flights-1.json", [flight(1), flight(2), flight(2000, delay=45)])
    assert etl.take(late).returncode == 0
    assert etl.ask(
        "SELECT rows_loaded, rows_updated, rows_unchanged FROM etl_run WHERE file_name = 'flights-1.json'"
    ) == [(2, 1, 0)]
    assert [delay for (delay,) in etl.ask("SELECT delay_minutes FROM flights_flight ORDER BY departs_at")] == [
        5,
        5,
        45,
        5,
    ]


def test_two_workers_side_by_side_do_every_job_once(etl: Etl) -> None:
    etl.write("airports.csv", AIRPORTS)
    for number in range(3):
        etl.write(f"flights-{number}.json", [flight(1000 * number + minute) for minute in range(900)])
    workers = [etl.start("etl_worker", ETL_BATCH_SIZE="100") for _ in range(2)]
    try:
        done = "SELECT count(*) FROM etl_run WHERE status = 'succeeded'"
        eventually("all files are taken in", lambda: etl.one(done) >= 4)
        # Whatever a second one does twice, it does in its next looks.
        before = etl.one("SELECT max(checked_at) FROM etl_feedstate")
        for _ in range(3):
            eventually("another look", lambda: etl.one("SELECT min(checked_at) FROM etl_feedstate") > before)  # noqa: B023
            before = etl.one("SELECT max(checked_at) FROM etl_feedstate")
    finally:
        said = [stop(worker) for worker in workers]
    assert all(re.search("Cycle done", text) for text in said), "both workers must have looked at the files"
    runs = etl.ask("SELECT file_name, status, count(*) FROM etl_run GROUP BY file_name, status ORDER BY file_name")
    files = ["airports.csv", "flights-0.json", "flights-1.json", "flights-2.json"]
    assert runs == [(name, "succeeded", 1) for name in files]
    assert etl.one("SELECT count(*) FROM flights_flight") == 2700
