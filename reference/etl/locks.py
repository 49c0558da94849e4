"""At most one process works on a feed, however many workers run."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import InterfaceError, OperationalError, connection

# Keeps these locks apart from any other advisory locks in the same database.
LOCK_CLASS = zlib.crc32(b"airways.etl") & 0x7FFFFFFF


class FeedBusyError(Exception):
    """Another process holds the feed."""


def lock_key(feed: str) -> int:
    return zlib.crc32(feed.encode()) & 0x7FFFFFFF


@contextmanager
def feed_lock(feed: str) -> Iterator[None]:
    """
    Holds the feed's advisory lock, or raises FeedBusyError at once.

    The lock belongs to the session that does the work: it ends with the connection, however the process ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, lock_key(feed)])
        if not cursor.fetchone()[0]:
            raise FeedBusyError(f"Another process is working on the feed '{feed}'.")
    try:
        yield
    finally:
        # With the connection gone, so is the lock.
        with suppress(InterfaceError, OperationalError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, lock_key(feed)])
