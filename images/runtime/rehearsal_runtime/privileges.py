"""Gives up what no process of a service needs."""

from __future__ import annotations

_PR_SET_NO_NEW_PRIVS = 38


def drop() -> None:
    """No program that this process or its children start can have more privileges than they have.

    Swarm services of older engines cannot declare it, so it is done here. Where the interpreter was built without
    ctypes only the container's own declaration holds.
    """
    try:
        import ctypes
    except ImportError:
        return
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
