"""Who holds the lock that a connection waits for: the server tells only as long as it waits."""

from __future__ import annotations

import threading
from typing import Any

INTERVAL_SECONDS = 0.2

# Of other roles' sessions not everybody is shown everything.
_BLOCKERS = (
    "SELECT a.pid, a.usename, a.application_name, a.state, to_char(a.query_start, 'HH24:MI:SS TZ'), "
    "to_char(a.xact_start, 'HH24:MI:SS TZ'), a.query, a.backend_type "
    "FROM unnest(pg_blocking_pids(%s)) b(pid) JOIN pg_stat_activity a USING (pid)"
)


class Blockers:
    """Watches one connection's server process from another connection, in a thread, while it is entered."""

    def __init__(self, connection: Any) -> None:
        self._watched = connection
        self._ended = threading.Event()
        self._last = ""

    def __enter__(self) -> Blockers:
        if self._watched.vendor == "postgresql":
            with self._watched.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                pid = cursor.fetchone()[0]
            threading.Thread(target=self._watch, args=(pid,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def take(self) -> str:
        """Who was last seen to hold the connection up, since this was last asked; empty where nobody was."""
        last, self._last = self._last, ""
        return last

    def _watch(self, pid: int) -> None:
        from django.db import connections

        connection = connections.create_connection(self._watched.alias)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('application_name', 'rehearsal migrate', false)")
                while not self._ended.wait(INTERVAL_SECONDS):
                    cursor.execute(_BLOCKERS, [pid])
                    rows = cursor.fetchall()
                    if rows:
                        self._last = "; ".join(_described(*row) for row in rows)
        except Exception:
            # Without a second connection the blockers stay unnamed; the migration itself goes on.
            return
        finally:
            connection.close()


def _described(
    pid: int, role: str | None, name: str, state: str | None, query: str | None, since: str | None, sql: str, kind: str
) -> str:
    text = f"server process {pid}" + (f" of role {role}" if role else f", {kind}") + (f" ({name})" if name else "")
    if state:
        text += f", {state}"
    if since:
        text += f", in a transaction since {since}"
    if query:
        text += f", last query at {query}: {' '.join(sql.split())[:120]}"
    return text
