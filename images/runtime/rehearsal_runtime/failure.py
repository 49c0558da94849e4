"""How a command says what went wrong."""

from __future__ import annotations

import sys


class Failure(Exception):
    """A condition that the operator can mend.

    Its text says what is wrong, which rule it breaks, what was found and what to do about it.
    """


def say(message: str) -> None:
    """Writes one line to standard error, where a container's log shows it at once."""
    print(f"rehearsal: {message}", file=sys.stderr, flush=True)
