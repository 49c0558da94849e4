"""Runs tests of the project's that speak with an environment as its users do, and hands their report on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

from . import trust
from .failure import Failure, say

#: Names the file that the tests may write their results to, as JUnit's XML.
REPORT_VARIABLE = "JUNIT_XML"

_STANDARD_ERROR = 2

#: A report of more bytes is not handed on: whoever reads it holds all of it in memory.
LARGEST_REPORT = 32 * 1024 * 1024


def run(command: list[str], stdin: BinaryIO | None = None) -> int:
    """Runs the command and returns its exit code, 128 and the signal's number where one ended it.

    What it prints on either stream goes to standard error. Standard output is the report's alone: one JSON object in a
    line, where there is a report. The command ends with standard input: whoever started it is gone then.

    :raises Failure: when the command cannot be started.
    """
    trust.base_url_authority()
    with tempfile.TemporaryDirectory(prefix="report-") as directory:
        report = Path(directory) / "junit.xml"
        os.environ[REPORT_VARIABLE] = str(report)
        try:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=_STANDARD_ERROR)
        except OSError as error:
            raise Failure(
                f"the command must be an executable of the image; found {command[0]!r}: {error.strerror}"
            ) from error
        threading.Thread(target=_end_with, args=(stdin or sys.stdin.buffer, child), daemon=True).start()
        code = child.wait()
        _hand_on(report)
    return code if code >= 0 else 128 - code


def _end_with(stdin: BinaryIO, child: subprocess.Popen[bytes]) -> None:
    # Not by the file object, whose lock a waiting thread would hold when the interpreter ends.
    while os.read(stdin.fileno(), 1024):
        pass
    child.kill()


def _hand_on(report: Path) -> None:
    if not report.is_file():
        return
    size = report.stat().st_size
    if size > LARGEST_REPORT:
        say(f"the report must have at most {LARGEST_REPORT} bytes; found {size}: it is left out")
        return
    print(json.dumps({"report": report.read_text(encoding="utf-8", errors="replace")}), flush=True)
