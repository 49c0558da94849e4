"""The database backend of a process without DATABASE_URL: loads like any other, and names the variable when used."""

from typing import Any, NoReturn

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.dummy import base as dummy


def refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise ImproperlyConfigured(
        "The environment variable DATABASE_URL is not set. Set it to postgres://ROLE:PASSWORD@HOST:PORT/NAME."
    )


class DatabaseOperations(dummy.DatabaseOperations):
    quote_name = refuse


class DatabaseWrapper(dummy.DatabaseWrapper):
    ops_class = DatabaseOperations
    ensure_connection = refuse
    _commit = refuse
    _rollback = refuse
    _savepoint = refuse
    _savepoint_commit = refuse
    _savepoint_rollback = refuse
    _set_autocommit = refuse
    cursor = refuse
    get_connection_params = refuse
    connect = refuse
