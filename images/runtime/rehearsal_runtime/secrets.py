"""Secrets reach a container as files, and a project as variables of its process's environment.

Only the started process sees the variables: they are in no image and in no container's declaration.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from .failure import Failure

DIRECTORY = Path("/run/secrets")
NAME = re.compile(r"[A-Z][A-Z0-9_]*")


def from_files(directory: Path = DIRECTORY) -> dict[str, str]:
    """Variables from the files whose name is that of a variable (upper case); other files are left alone.

    One line feed at the end is dropped, since editors and ``echo`` add one.

    :raises Failure: when a secret cannot be read or is not UTF-8.
    """
    if not directory.is_dir():
        return {}
    variables = {}
    for path in sorted(directory.iterdir()):
        if not NAME.fullmatch(path.name) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Failure(
                f"the secret {path.name} must be a readable UTF-8 file; found {error.__class__.__name__} for {path}; "
                "mount it with the uid of the process"
            ) from error
        variables[path.name] = text[:-1] if text.endswith("\n") else text
    return variables


def from_stdin() -> dict[str, str]:
    """Variables from a JSON object of strings, the first line of standard input, for containers that mount no secrets.

    What follows it is left to be read by the command.

    :raises Failure: when standard input holds anything else. The text itself is never shown.
    """
    rule = "the first line of standard input holds the secrets as a JSON object of strings with upper-case names"
    try:
        parsed = json.loads(sys.stdin.readline())
    except ValueError as error:
        raise Failure(
            f"{rule}; found text that is not JSON; attach standard input and write the object on one line"
        ) from error
    if not isinstance(parsed, dict):
        raise Failure(f"{rule}; found a {type(parsed).__name__}; send an object")
    for name, value in parsed.items():
        if not NAME.fullmatch(name) or not isinstance(value, str):
            raise Failure(f"{rule}; found {name!r} with a {type(value).__name__}; rename it or make it a string")
    return parsed
