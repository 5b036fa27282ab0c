# SPDX-License-Identifier: Apache-2.0
"""What a batch tells while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Result(Enum):
    """What became of a slide."""

    CONVERTED = "converted"
    """And sent, where that was asked for."""
    SKIPPED = "skipped"
    """An earlier run of the same had done it."""
    UNSENT = "unsent"
    """It is converted, but the peer has not all of it."""
    FAILED = "failed"

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to be done."""
        return self in (Result.CONVERTED, Result.SKIPPED)


@dataclass(frozen=True, slots=True)
class Begun:
    """A slide is being converted from now on."""

    slide: str
    slide_bytes: int
    threads: int


@dataclass(frozen=True, slots=True)
class Advanced:
    """So many frames of a slide are done."""

    slide: str
    frames_done: int
    frames_total: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A slide is done with; ``entry`` is its line of the manifest."""

    slide: str
    result: Result
    entry: Mapping[str, Any]


Event = Begun | Advanced | Ended
