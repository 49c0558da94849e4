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
    ".css", ".csv", ".eot", ".htm", ".html", ".ico", ".js", ".json", ".map", ".md", ".mjs", ".otf", ".svg", ".ttf",
    ".txt", ".wasm", ".webmanifest", ".xml",
}  # fmt: skip
SMALLEST = 512  # below it a compressed file saves no packet


def run() -> int:
    """Collects into STATIC_ROOT, puts a ``.gz`` beside what becomes smaller, and returns 0.

    Variables that the project's settings need beyond ``project.PLACEHOLDERS`` come as a JSON object in
    COLLECT_ENVIRONMENT.

    :raises Failure: when COLLECT_ENVIRONMENT is malformed, the settings do not load or ignore STATIC_ROOT, or Django
        fails.
    """
    root = Path(os.environ["STATIC_ROOT"])
    root.mkdir(parents=True, exist_ok=True)
    os.environ.update(_given())
    project.use_placeholders()
    project.load(
        "the image is built without the environment's variables: give what the settings need in COLLECT_ENVIRONMENT"
    )
    try:
        count = _collect(root)
    except Failure:
        raise
    except Exception as error:
        traceback.print_exc()
        raise Failure(
            "the project's static files must be collectable while its image is built; "
            f"found {error.__class__.__name__}: {error}; mend what it names, and try it with manage.py collectstatic"
        ) from error
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
        raise Failure(
            f'COLLECT_ENVIRONMENT must be a JSON object of strings; found {text!r}; write it as {{"NAME": "value"}}'
        )
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
