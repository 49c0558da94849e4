"""Memory that an operation takes at its peak, as Linux counts it for a process."""

from __future__ import annotations

import gc
import re

_CLEAR_REFS, _STATUS = "/proc/self/clear_refs", "/proc/self/status"
#: Has the kernel forget the highest memory that the process has had.
_FORGET_PEAK = "5"
_PEAK = re.compile(rb"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
#: Less is what any page takes that is shown for the first time.
LEAST = 4 * 1024 * 1024
#: What so much was taken for is handed back before the next operation, which would take it without being seen to.
MUCH = 16 * 1024 * 1024

_to_be_handed_back = False


class Peak:
    """The process from now on, with all of its threads."""

    def __init__(self) -> None:
        global _to_be_handed_back
        if _to_be_handed_back:
            _to_be_handed_back = False
            _hand_back()
        self._before = _begin()

    def beyond(self) -> int | None:
        """Bytes at the peak beyond those at the beginning; 0 for less than ``LEAST``, None where nobody counts."""
        global _to_be_handed_back
        peak = _peak()
        if peak is None or self._before is None:
            return None
        taken = peak - self._before
        _to_be_handed_back |= taken >= MUCH
        return taken if taken >= LEAST else 0


def _begin() -> int | None:
    """What the process has; None where the kernel does not forget the peak."""
    try:
        # By its name each time: in a forked process an open file would still be the parent's.
        with open(_CLEAR_REFS, "w", encoding="ascii") as file:
            file.write(_FORGET_PEAK)
    except OSError:
        return None
    return _peak()


def _peak() -> int | None:
    try:
        with open(_STATUS, "rb", buffering=0) as file:
            found = _PEAK.search(file.read())
    except OSError:
        return None
    return int(found.group(1)) * 1024 if found else None


def _hand_back() -> None:
    gc.collect()
    try:
        import ctypes

        # What is freed stays with the C library otherwise; not every one has this.
        ctypes.CDLL(None).malloc_trim(0)
    except (ImportError, OSError, AttributeError):
        return
