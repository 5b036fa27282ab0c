# SPDX-License-Identifier: Apache-2.0
"""Work that may be given up: whoever asked for it tells, the work looks from step to step.

What is told goes with the context, so that nothing between the two has to hand it on; a thread
that helps must run in a copy of the context of who it helps.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

from tileserver.errors import AbandonedError

if TYPE_CHECKING:
    from collections.abc import Callable

_Made = TypeVar("_Made")


def _never() -> bool:
    return False


_is_given_up: ContextVar[Callable[[], bool]] = ContextVar("is_given_up", default=_never)


def abandonable(make: Callable[[], _Made], is_given_up: Callable[[], bool]) -> _Made:
    """Return what a function makes, unless it is given up before.

    Raises
    ------
    AbandonedError
        ``is_given_up`` said so when the work looked.
    """
    token = _is_given_up.set(is_given_up)
    try:
        check_wanted()
        return make()
    finally:
        _is_given_up.reset(token)


def check_wanted() -> None:
    """Make sure that somebody still waits for what is being made.

    Raises
    ------
    AbandonedError
        Nobody does.
    """
    if _is_given_up.get()():
        raise AbandonedError("nobody waits for it any more")
