"""Takes from this process and all that it starts the means to gain privileges, such as a set-uid program."""

from __future__ import annotations

import ctypes

from .failure import Failure

_PR_SET_NO_NEW_PRIVS = 38


def forbid_new_privileges() -> None:
    """Sets no-new-privileges here, since the engine offers it to swarm services only from API version 1.44 on.

    :raises Failure: when the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise Failure(
            "the process must be able to give up gaining privileges (prctl PR_SET_NO_NEW_PRIVS); "
            f"found error {ctypes.get_errno()}; run it on Linux 3.5 or newer"
        )
