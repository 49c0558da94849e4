"""The locks of a migrator's transaction, from the statement that takes them until it ends."""

from __future__ import annotations

from collections.abc import Callable

from .limits import waited_in_vain
from .lock_modes import rank, taken_by
from .observer import Observer, Watch

#: Told a lock that is over: table, mode, since, until.
TellLock = Callable[[str, str, float, float], None]


class HeldLocks:
    """Keeps what the transaction holds, and tells each lock once when it is over or a stronger one takes its place."""

    def __init__(self, observer: Observer, tell: TellLock) -> None:
        self._observer = observer
        self._tell = tell
        self._held: dict[str, tuple[str, float]] = {}

    def after(
        self, text: str, watch: Watch, process: int, until: float, failure: Exception | None, unseen: bool
    ) -> list[dict[str, str]]:
        """The strongest lock on each table that a statement took newly.

        ``unseen`` says that its locks were gone before anybody could look: what was not seen while it ran is then taken
        from its text.
        """
        held = self._observer.locks(process)
        watch.exclusive |= held.exclusive
        found = {**held.modes}
        for table, mode in watch.seen:
            if rank(mode) > rank(found.get(table, "")):
                found[table] = mode
        # What waited for a lock in vain had none.
        if unseen and (not found or failure is not None) and not (failure is not None and waited_in_vain(failure)):
            for table, mode in taken_by(text).items():
                if rank(mode) > rank(found.get(table, "")):
                    found[table] = mode
        new = []
        for table, mode in sorted(found.items()):
            before = self._held.get(table)
            if before and rank(mode) <= rank(before[0]):
                continue
            since = watch.seen.get((table, mode), watch.began)
            new.append({"table": table, "mode": mode})
            if failure is None and rank(held.modes.get(table, "")) >= rank(mode):
                if before:
                    self._tell(table, before[0], before[1], since)
                self._held[table] = (mode, since)
            else:
                self._tell(table, mode, since, until)
        return new

    def release(self, until: float) -> None:
        """The transaction has ended."""
        for table, (mode, since) in sorted(self._held.items()):
            self._tell(table, mode, since, until)
        self._held = {}
