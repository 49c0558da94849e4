"""Standard output as a channel of JSON lines for whoever started this command."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

Tell = Callable[[dict[str, Any]], None]


def channel() -> Tell:
    """Takes standard output for events and returns what writes one, flushed at once.

    Whatever else the process prints from here on goes to standard error.
    """
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout.flush()
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def tell(event: dict[str, Any]) -> None:
        # One write per line: nothing of it is left in a buffer that a forked process would inherit.
        output.write(json.dumps(event) + "\n")
        output.flush()

    return tell
