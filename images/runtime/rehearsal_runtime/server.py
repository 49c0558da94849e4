"""The application server for projects that bring none."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from . import project
from .failure import Failure
from .settings import number

BUNDLED = Path(__file__).resolve().parent.parent / "server"


def command(given: list[str]) -> list[str]:
    """The command that serves: ``given``, where nothing or gunicorn itself goes through :func:`gunicorn` below."""
    if given == [] or given[0] == "gunicorn":
        return [sys.executable, str(BUNDLED.parent), "gunicorn", *given[1:]]
    return given


def gunicorn(arguments: list[str]) -> int:
    """Runs the project's gunicorn, or the bundled one where the project has none, in this process.

    Without arguments it serves the project's WSGI_APPLICATION with the defaults below.
    """
    sys.path.insert(0, str(Path.cwd()))
    if importlib.util.find_spec("gunicorn") is None:
        # At the end: whatever else the project imports is its own.
        sys.path.append(str(BUNDLED))
    from gunicorn.app.wsgiapp import run as serve

    sys.argv = ["gunicorn", *(arguments or default_arguments())]
    return serve() or 0


def default_arguments() -> list[str]:
    """Two processes with four threads each, behind one gateway whose headers are trusted.

    A project's gunicorn.conf.py in the working directory, which gunicorn reads by itself, stands in for all of that.

    :raises Failure: when the settings do not say which WSGI application to serve.
    """
    project.load()
    from django.conf import settings

    if not settings.WSGI_APPLICATION:
        raise Failure(
            "without a command, the settings must name the WSGI application to serve; found WSGI_APPLICATION unset; "
            "set it, or give the service a command, for example one that serves ASGI"
        )
    module, _, name = settings.WSGI_APPLICATION.rpartition(".")
    application = f"{module}:{name}"
    if Path("gunicorn.conf.py").is_file():
        return [application]
    return [
        application,
        f"--bind=0.0.0.0:{int(number('PORT', 8000))}",
        f"--workers={os.environ.get('WEB_CONCURRENCY', '2')}",
        "--threads=4",
        "--worker-tmp-dir=/dev/shm",
        "--forwarded-allow-ips=*",
        "--access-logfile=-",
        "--graceful-timeout=30",
        "--keep-alive=75",
    ]
