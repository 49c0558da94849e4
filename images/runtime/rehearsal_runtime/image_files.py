"""What of the project is in its image, which need not be what the checkout has."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from . import inspect_files
from .events import channel

#: What tools put there, and nobody would miss.
MADE = {"node_modules", "site-packages", "__pycache__"}


def run() -> int:
    """Prints one JSON object and returns 0: ``folder`` is the working directory, ``files`` see :func:`listed`, and ``texts``
    the contents of the files that FILES_ASKED (JSON list) names from there; null where there is none.
    """
    tell = channel()
    asked = json.loads(os.environ.get("FILES_ASKED") or "[]")
    folder = Path.cwd()
    tell({"folder": str(folder), "files": listed(folder, asked), "texts": {name: text(folder / name) for name in asked}})
    return 0


def listed(folder: Path, asked: Sequence[str] = ()) -> list[str] | None:
    """The paths of all files below a folder, without hidden folders and what tools make, but with those that are asked for.

    None where they cannot be told: in the root of the file system, or where they are too many.
    """
    if folder == Path(folder.anchor):
        return None
    found = list(inspect_files.files_below(folder, lambda name: name in MADE or name.startswith(".")))
    if len(found) >= inspect_files.FILES_LIMIT:
        return None
    return sorted({str(file.relative_to(folder)) for file in found} | {name for name in asked if (folder / name).is_file()})


def text(file: Path) -> str | None:
    """What is in a file, None where nothing is there to be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
