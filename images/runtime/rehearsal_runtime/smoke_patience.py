"""Texts over which a pattern or a parser thinks for ever, as people type and machines send them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .smoke_operation import Refused

#: Whoever waits so long for a form asks again; a slow machine takes a part of that.
SECONDS = 5.0
#: So long a text is in no field's way, and makes a pattern try more ways than there are seconds.
LONG = 60
#: Much of one kind, and an end that does not belong to it: what can be divided in many ways is, before it is refused.
PUMPED = ("a" * LONG + "!2", "a. " * (LONG // 3) + "!", "1" * LONG + "x", " " * LONG + "x", "a@" * (LONG // 2) + "!")


def fitting(longest: int | None) -> Iterator[str]:
    """Such texts for a field of that length, whose ends are kept."""
    for text in PUMPED:
        yield text if longest is None or longest >= len(text) else text[: max(0, longest - 2)] + text[-2:]


def answered_in_time(ask: Callable[[], Any], text: str) -> Any:
    """What is answered.

    :raises Refused: when it takes too long
    """
    with _alarm(text):
        return ask()


@contextmanager
def _alarm(text: str) -> Iterator[None]:
    def late(number: int, frame: Any) -> None:
        # Of no class that a project catches.
        raise _Late

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    except _Late:
        raise Refused(f"no answer within {SECONDS:g} s to {len(text)} letters such as {text[:3]!r}... {text[-2:]!r}") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Late(BaseException):
    pass
