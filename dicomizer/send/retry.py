# SPDX-License-Identifier: Apache-2.0
"""When to try again: longer waits each time, or as long as the peer says."""

from __future__ import annotations

import datetime as dt
import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from dicomizer.send.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")
LONGEST_TOLD_SECONDS = 600.0
"""What a peer may make us wait."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and when to try again.

    Parameters
    ----------
    attempts
        Failures in a row, without progress between them, after which to give up.
    first_seconds, longest_seconds
        The wait doubles from the one up to the other.
    """

    attempts: int = 8
    first_seconds: float = 0.5
    longest_seconds: float = 30.0

    def wait(self, failures: int, told_seconds: float | None = None) -> None:
        """Sleep after so many failures in a row; between half and the whole of the wait.

        Many who lost a server at once do not come back at once.
        """
        seconds = min(self.first_seconds * 2 ** min(failures - 1, 30), self.longest_seconds)
        seconds *= random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret
        if told_seconds is not None:
            seconds = max(seconds, min(told_seconds, LONGEST_TOLD_SECONDS))
        time.sleep(seconds)

    def call(self, function: Callable[[], _Result]) -> _Result:
        """Return what a function does that may be called again.

        Raises
        ------
        NetworkError
            As the function raised it last.
        """
        for failures in range(1, self.attempts + 1):
            try:
                return function()
            except TransientError as error:
                if failures == self.attempts:
                    raise
                self.wait(failures, error.retry_after)
        raise AssertionError("attempts is 1 or more")


def parse_retry_after(text: str | None) -> float | None:
    """Return the seconds that the header field Retry-After tells (RFC 9110 10.2.3)."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max((moment - dt.datetime.now(dt.UTC)).total_seconds(), 0.0)
