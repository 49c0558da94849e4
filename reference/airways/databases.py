"""Database aliases from URLs."""

from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

# A database that vanished without closing its connections must fail a query within seconds: the ETL worker's
# heartbeat, and with it its health, waits behind that query.
CONNECTION_OPTIONS = {"connect_timeout": 5, "keepalives_idle": 30, "tcp_user_timeout": 30_000}


def from_url(variable: str, url: str, *, read_only: bool = False) -> dict[str, Any]:
    """
    One entry of DATABASES for a postgres:// URL, which may carry libpq options in its query.

    An empty URL gives an entry that fails on first use, so that static files can be collected in an image build,
    where no database exists.
    """
    if not url:
        return {"ENGINE": "airways.missing_database"}
    try:
        config = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    except ValueError as error:
        raise ImproperlyConfigured(f"{variable} is not a database URL ({error}).") from error
    if config["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured(f"{variable} must name a PostgreSQL database (postgres://...).")
    options = {**CONNECTION_OPTIONS, **config.get("OPTIONS", {})}
    if read_only:
        given = options.get("options", "")
        options["options"] = f"{given} -c default_transaction_read_only=on".strip()
    config["OPTIONS"] = options
    return config


class ReportRouter:
    """Keeps migrations off the report alias: it shows the same database through a role that only reads."""

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool | None:
        return False if db == "report" else None
