"""The commands of ``/opt/rehearsal/run``.

serve [-- COMMAND…]    waits for database, migrations and static files, then serves (default: gunicorn)
worker -- COMMAND…     waits for database and migrations, then runs a background process
intake                 beside a worker, looks out for migrators
health                 tells whether the process of serve or worker is alive
plan                   prints the migrations that would run, as JSON
migrate                runs them, and makes the admin user
smoke                  does what the release's code does on a database, as told on standard input
apply [--back NAME…]   runs them on a clone, or unapplies some, and measures each statement
build NAME…            applies those migrations alone to an empty database
kill [--from NAME:N]   kills the migrator after each statement on a clone, and tells what that leaves
exec -- COMMAND…       runs any command with the secrets in its environment
test -- COMMAND…       runs tests against an environment, and hands on their report as JSON
check                  waits for database and migrations
inspect                prints what a release is seen to be from inside of its image, as JSON
files                  prints what of the project is in the image, as JSON
settings               prints what the settings make of the release, as JSON
vary-input FOLDER      writes a worker's input as the next delivery may bring it
preflight              prints what the release would meet in another environment, as JSON
collectstatic          collects static files while the image is built

``--secrets-from-stdin`` after the command's name takes secrets from standard input in place of files.
"""

from __future__ import annotations

import os
import sys

from . import privileges, secrets, trust
from .failure import Failure, say

USAGE = f"usage: run COMMAND [--secrets-from-stdin] [-- ARGUMENTS]\n\n{__doc__}"


def main(arguments: list[str]) -> int:
    """Runs one command and returns its exit code: 1 after a failure told on standard error, 2 for wrong usage."""
    try:
        return _dispatch(arguments)
    except Failure as failure:
        say(str(failure))
        return 1


def _dispatch(arguments: list[str]) -> int:
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name == "health":
        from .health import check

        alive, reason = check()
        print(reason)
        return 0 if alive else 1
    if name in ("--help", "help"):
        print(USAGE)
        return 0
    if name == "gunicorn":
        from .server import gunicorn

        return gunicorn(rest)

    given = secrets.from_stdin if rest[:1] == ["--secrets-from-stdin"] else secrets.from_files
    if given is secrets.from_stdin:
        rest = rest[1:]
    command = rest[1:] if rest[:1] == ["--"] else rest
    if name in ("serve", "worker", "exec", "test") and (command or name == "serve"):
        privileges.drop()
        _take(given())
        return _start(name, command)
    if name == "intake" and len(rest) <= 1:
        from .intake import run as serve_intake

        # Started by a worker, whose environment holds the secrets already.
        return serve_intake(*rest or [""])
    if name == "vary-input" and len(rest) == 1:
        from .vary_input import run as vary

        return vary(*rest)
    if name in ("apply", "build", "kill"):
        _take(given())
        return _rehearse(name, rest)
    if name in ("plan", "migrate", "smoke", "check", "inspect", "files", "settings", "preflight", "collectstatic") and not command:
        _take(given())
        return _run(name)
    print(USAGE, file=sys.stderr)
    return 2


def _take(variables: dict[str, str]) -> None:
    os.environ.update(variables)
    trust.database_authority()


def _start(name: str, command: list[str]) -> int:
    if name == "exec":
        trust.base_url_authority()
        try:
            os.execvp(command[0], command)
        except OSError as error:
            raise Failure(
                f"the command must be an executable of the image; found {command[0]!r}: {error.strerror}"
            ) from error
    if name == "test":
        from .functional_tests import run

        return run(command)
    from .serve import serve, work

    return serve(command) if name == "serve" else work(command)


def _rehearse(name: str, arguments: list[str]) -> int:
    if name == "apply":
        from .apply import run
    elif name == "build":
        from .build import run
    else:
        from .kill import run
    return run(arguments)


def _run(name: str) -> int:
    if name == "plan":
        from .plan import run
    elif name == "migrate":
        from .migrate import run
    elif name == "smoke":
        from .smoke import run
    elif name == "check":
        from .check import run
    elif name == "inspect":
        from .inspection import run
    elif name == "files":
        from .image_files import run
    elif name == "settings":
        from .setting_values import run
    elif name == "preflight":
        from .preflight import run
    else:
        from .static_files import run
    return run()
