from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from rehearsal_runtime import health, state

only_for_itself = health._only_for_itself


@contextlib.contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on a free port that hands each connection to ``answer``."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    answer(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


def says(words: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(words)

    return answer


def hangs(connection: socket.socket) -> None:
    time.sleep(0.5)


class Health(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        for target, name, value in (
            (state, "READY", self.directory / "ready"),
            (state, "HEARTBEAT", self.directory / "heartbeat"),
            (health, "DIRECTORY", self.directory),
            # Servers of these tests listen there.
            (health, "_only_for_itself", lambda port: False),
        ):
            patch = mock.patch.object(target, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def check(self, port: int = 1, **variables: str) -> tuple[bool, str]:
        with mock.patch.dict(os.environ, {"PORT": str(port), "HEALTH_TIMEOUT_SECONDS": "0.1", **variables}):
            return health.check()

    def test_is_unhealthy_before_it_is_ready(self) -> None:
        alive, reason = self.check()
        self.assertFalse(alive)
        self.assertIn("still waiting", reason)

    def test_any_http_answer_is_alive(self) -> None:
        state.mark_ready("serve")
        for status in ("200 OK", "301 Moved", "404 Not Found", "500 Internal Server Error", "503 Unavailable"):
            with self.subTest(status), listening(says(f"HTTP/1.1 {status}\r\n\r\n".encode())) as port:
                self.assertEqual(self.check(port), (True, f"status {status[:3]}"))

    def test_what_is_no_http_is_not(self) -> None:
        state.mark_ready("serve")
        for words in (b"SSH-2.0", b"", b"HTTP/1.1 999 Odd\r\n\r\n"):
            with self.subTest(words), listening(says(words)) as port:
                self.assertEqual(self.check(port), (False, f"127.0.0.1:{port} does not speak HTTP"))

    def test_a_closed_port_is_not_alive(self) -> None:
        state.mark_ready("serve")
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        alive, reason = self.check(port)
        self.assertFalse(alive)
        self.assertIn("Connection refused", reason)

    def test_a_hanging_server_is_not_alive_while_its_database_answers(self) -> None:
        state.mark_ready("serve")
        with listening(says(b"N")) as database, listening(hangs) as port:
            (self.directory / "DATABASE_URL").write_text(f"postgres://app:secret@127.0.0.1:{database}/app")
            self.assertFalse(self.check(port)[0])

    def test_a_hanging_server_is_left_alone_while_its_database_is_away(self) -> None:
        state.mark_ready("serve")
        (self.directory / "DATABASE_URL").write_text("postgres://app:secret@127.0.0.1:9/app")
        with listening(hangs) as port:
            self.assertTrue(self.check(port)[0])

    def test_a_hanging_server_without_a_database_is_not_alive(self) -> None:
        state.mark_ready("serve")
        with listening(hangs) as port:
            self.assertFalse(self.check(port)[0])

    def test_a_server_that_nobody_else_reaches_is_not_alive(self) -> None:
        state.mark_ready("serve")
        with listening(says(b"HTTP/1.1 200 OK\r\n\r\n")) as port, mock.patch.object(health, "_only_for_itself", lambda at: at == port):
            alive, reason = self.check(port)
        self.assertFalse(alive)
        self.assertIn(f"listens on 127.0.0.1:{port} alone", reason)

    def test_reads_the_databases_address(self) -> None:
        for url, expected in (
            ("postgres://app:s%40cret@database:5433/app?sslmode=require", ("database", 5433)),
            ("postgresql://database/app", ("database", 5432)),
            ("postgres://app@[::1]:5432/app", ("::1", 5432)),
            ("sqlite:///file", None),
        ):
            with self.subTest(url):
                file = self.directory / "URL"
                file.write_text(url)
                self.assertEqual(health._database_address(file), expected)

    def test_a_worker_lives_by_its_heartbeat(self) -> None:
        state.mark_ready("worker")
        self.assertTrue(self.check()[0])
        state.HEARTBEAT.touch()
        self.assertTrue(self.check(WORKER_HEARTBEAT_MAX_AGE="60")[0])
        os.utime(state.HEARTBEAT, (time.time() - 61, time.time() - 61))
        alive, reason = self.check(WORKER_HEARTBEAT_MAX_AGE="60")
        self.assertFalse(alive)
        self.assertIn("younger than 60 s; it is 61 s old", reason)


class OnlyForItself(unittest.TestCase):
    def only(self, *hosts: str, status: str = "0A") -> bool:
        with tempfile.TemporaryDirectory() as directory:
            table = Path(directory) / "tcp"
            lines = [f"   {at}: {host}:1F40 00000000:0000 {status} 00000000:00000000" for at, host in enumerate(hosts)]
            table.write_text("\n".join(["  sl  local_address rem_address st", *lines]), encoding="ascii")
            return only_for_itself(8000, (str(table), str(table.with_name("absent"))))

    def test_is_a_port_that_has_no_listener_on_another_address(self) -> None:
        self.assertTrue(self.only("0100007F"))
        self.assertTrue(self.only("0100007F", "00000000000000000000000001000000"))
        self.assertTrue(self.only("0000000000000000FFFF00000100007F"))
        self.assertFalse(self.only("0100007F", "00000000"))
        self.assertFalse(self.only("00000000000000000000000000000000"))
        self.assertFalse(self.only("0200A8C0"))

    def test_cannot_be_told_where_nothing_listens(self) -> None:
        self.assertFalse(self.only())
        self.assertFalse(self.only("0100007F", status="01"))


if __name__ == "__main__":
    unittest.main()
