# SPDX-License-Identifier: Apache-2.0
"""Why a step failed, and whether another attempt may help."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.errors import NetworkError, SourceError, TargetError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomizer.errors import DicomizerError
    from dicomizer.watch.options import WatchOptions


class Cause(Enum):
    """What a failure is about, by which it is told when to give up."""

    SLIDE = "slide"
    """It cannot be read: it may still be on its way, so not before some patience."""
    PLACE = "place"
    """A disk is full, or memory is short: so many attempts."""
    PEER = "peer"
    """A peer is not there: that passes, however long it takes."""
    ANSWER = "answer"
    """Nothing that comes later can change it."""


_NETWORK_ERRORS = frozenset(
    {
        "NetworkError", "TransientError", "ConnectionLostError", "BusyError", "NotOfferedError",
        "LongAnswerError", "RequestRefusedError",
    }
)  # fmt: skip
_FOR_GOOD = frozenset({"UsageError", "DestinationError", "MetadataError"})


class Failure(Exception):  # noqa: N818 - what came of a step, which the journal keeps
    """A step that failed."""

    def __init__(self, reason: str, remedy: str | None, cause: Cause) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.cause = cause

    @classmethod
    def told(cls, document: Mapping[str, str | None]) -> Failure:
        """Return the failure that an error's document tells."""
        kind, place = document.get("type") or "", document.get("place")
        problem = document.get("problem") or "no reason was told"
        reason = f"{place}: {problem}" if place else problem
        return cls(reason, document.get("remedy"), _cause(kind))

    def is_given_up(self, attempts: int, age: float, options: WatchOptions) -> bool:
        """Tell whether there is no other attempt.

        Parameters
        ----------
        attempts
            In a row, with this one.
        age
            Seconds since the slide was first seen with this content.
        """
        match self.cause:
            case Cause.SLIDE:
                return age >= options.patience_seconds
            case Cause.PLACE:
                return attempts >= options.attempts
            case Cause.PEER:
                return False
        return True


class Refusal(Failure):
    """A failure for good."""

    def __init__(self, reason: str, remedy: str | None) -> None:
        super().__init__(reason, remedy, Cause.ANSWER)


def failure_of(error: DicomizerError) -> Failure:
    """Return the failure that an error of this process is."""
    place = f"{error.place}: " if error.place else ""
    cause = Cause.PLACE
    if isinstance(error, NetworkError):
        cause = Cause.PEER
    elif isinstance(error, SourceError) and not isinstance(error, TargetError):
        cause = Cause.SLIDE
    return Failure(f"{place}{error.problem}", error.remedy, cause)


def _cause(kind: str) -> Cause:
    if kind in _NETWORK_ERRORS:
        return Cause.PEER
    if kind in _FOR_GOOD:
        return Cause.ANSWER
    return Cause.PLACE if kind in ("TargetError", "Interrupted") else Cause.SLIDE
