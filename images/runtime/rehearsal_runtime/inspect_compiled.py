"""Whether the compiled modules of installed packages are there and can be loaded.

Only a module's first use shows that a library which it is linked with is missing, or that it is for another Python.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from importlib import machinery, metadata

SECONDS = 10
# Loads a library as an import would, without running the module; a crash is the child's.
_LOAD = """
import ctypes, json, sys
for path in json.load(sys.stdin):
    try:
        ctypes.CDLL(path)
    except OSError as error:
        print(json.dumps([path, str(error)]), flush=True)
"""


def problems(installed: Iterable[tuple[str, metadata.Distribution]]) -> list[str]:
    """A line for each compiled module that is missing or cannot be loaded.

    :param installed: names of packages, and what is known of them
    """
    found: list[str] = []
    there: dict[str, str] = {}
    for name, distribution in installed:
        for file in _recorded(distribution):
            path = str(distribution.locate_file(file))
            if os.path.isfile(path):
                there[path] = name
            else:
                found.append(f"{name} {distribution.version} lacks {file}: it was installed with it")
    return found + [f"{there[path]}: {error}" for path, error in _failing(list(there))]


def is_module(name: str) -> bool:
    """Whether a file is a compiled module that this Python would take, rather than a library beside it."""
    return not name.startswith("lib") and any(name.endswith(suffix) for suffix in machinery.EXTENSION_SUFFIXES)


def _recorded(distribution: metadata.Distribution) -> list[str]:
    """The compiled modules that a package was installed with; none where it keeps no list of its files.

    The list that the library gives leaves out what is missing.
    """
    lines = (distribution.read_text("RECORD") or "").splitlines()
    files = [line.rsplit(",", 2)[0].strip('"') for line in lines if line]
    return [file for file in files if is_module(file.rpartition("/")[2])]


def _failing(paths: list[str]) -> list[tuple[str, str]]:
    child = [sys.executable, "-I", "-c", _LOAD]
    try:
        done = subprocess.run(child, input=json.dumps(paths), capture_output=True, text=True, timeout=SECONDS, check=False)
        said = done.stdout
    except subprocess.TimeoutExpired as late:
        said = late.stdout.decode() if isinstance(late.stdout, bytes) else (late.stdout or "")
    return [(path, error) for path, error in map(json.loads, said.splitlines())]
