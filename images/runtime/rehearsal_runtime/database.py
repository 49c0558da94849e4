"""The project's default database, by whatever driver the project uses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .failure import Failure, say

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


def connect(seconds: float) -> BaseDatabaseWrapper:
    """Connects to the default database, trying again for ``seconds`` while it cannot be reached.

    :raises Failure: when it could not be reached in that time; the driver's last words are in it.
    """
    from django.db import connection
    from django.db.utils import OperationalError

    end = time.monotonic() + seconds
    told = ""
    while True:
        try:
            connection.ensure_connection()
            return connection
        except OperationalError as error:
            found = words(error)
        if time.monotonic() >= end:
            settings = connection.settings_dict
            raise Failure(
                f"the database {settings['NAME']!s} must be reachable as role {settings['USER']!s} at "
                f"{settings['HOST'] or 'the default address'}; found after {seconds:g} s: {found}; "
                "see the database's log"
            )
        if found != told:
            say(f"waiting for the database: {found}")
            told = found
        time.sleep(0.25)


def words(error: BaseException) -> str:
    """A driver's message on one line."""
    return "; ".join(line.strip() for line in str(error).splitlines() if line.strip()) or error.__class__.__name__
