"""Collects a release's static files while its image is built."""

from __future__ import annotations

import gzip
import json
import os
import sys
import traceback
from pathlib import Path

from . import project
from .failure import Failure, say

COMPRESSIBLE = {
    ".css", ".csv", ".eot", ".htm", ".html", ".ico", ".js", ".json", ".map", ".md", ".mjs", ".otf", ".svg", ".ttf", ".txt",
    ".wasm", ".webmanifest", ".xml",
}  # fmt: skip
SMALLEST = 512  # below it a compressed file saves no packet

# Settings want these to be there; collecting neither connects to a database nor signs anything.
PLACEHOLDERS = {
    "DATABASE_URL": "postgres://build:build@127.0.0.1:9/build",
    "REPORT_DATABASE_URL": "postgres://build:build@127.0.0.1:9/build",
    "DJANGO_SECRET_KEY": "only-for-collecting-static-files-while-the-image-is-built",
    "DJANGO_ALLOWED_HOSTS": "localhost",
    "DJANGO_CSRF_TRUSTED_ORIGINS": "https://localhost",
    "DJANGO_DEBUG": "0",
}


def run() -> int:
    """Collects into STATIC_ROOT and puts a ``.gz`` beside what becomes smaller; returns 0, or 1 after Django's own error.

    Variables that the project's settings need beyond the placeholders come as a JSON object in COLLECT_ENVIRONMENT.

    :raises Failure: when COLLECT_ENVIRONMENT is malformed or the settings ignore STATIC_ROOT.
    """
    root = Path(os.environ["STATIC_ROOT"])
    root.mkdir(parents=True, exist_ok=True)
    for name, value in {**PLACEHOLDERS, **_given()}.items():
        os.environ.setdefault(name, value)
    try:
        project.load()
        count = _collect(root)
    except Failure:
        raise
    except Exception as error:
        traceback.print_exc()
        say(
            f"collecting static files needs settings that load while the image is built; found {error.__class__.__name__}: "
            f"{error}; give variables that they need in COLLECT_ENVIRONMENT, or mend what the error names"
        )
        return 1
    say(f"collected {count} static files, compressed {compress(root)} of them")
    return 0


def compress(root: Path) -> int:
    """Writes ``name.gz`` beside each file that becomes smaller, the same bytes each time; returns how many."""
    count = 0
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        if path.suffix.lower() not in COMPRESSIBLE or path.stat().st_size < SMALLEST:
            continue
        plain = path.read_bytes()
        packed = gzip.compress(plain, compresslevel=9, mtime=0)
        if len(packed) < len(plain):
            path.with_name(path.name + ".gz").write_bytes(packed)
            count += 1
    return count


def _given() -> dict[str, str]:
    text = os.environ.get("COLLECT_ENVIRONMENT") or "{}"
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise Failure(f"COLLECT_ENVIRONMENT must be a JSON object of strings; found {text!r}; write it as {{\"NAME\": \"value\"}}")
    return given


def _collect(root: Path) -> int:
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command

    if not apps.is_installed("django.contrib.staticfiles"):
        say("django.contrib.staticfiles is not installed: no static files to collect")
        return 0
    if settings.STATIC_ROOT is None or Path(settings.STATIC_ROOT).resolve() != root.resolve():
        raise Failure(
            f"the settings must take STATIC_ROOT from the environment ({root}); found {str(settings.STATIC_ROOT)!r}; "
            'write STATIC_ROOT = os.environ.get("STATIC_ROOT", ...)'
        )
    call_command("collectstatic", interactive=False, verbosity=0, stdout=sys.stderr)
    return sum(1 for path in root.rglob("*") if path.is_file())
