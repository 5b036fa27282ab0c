# SPDX-License-Identifier: Apache-2.0
"""What a person may ask of a watch folder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class After(StrEnum):
    """What becomes of a slide file when it is stored and sent."""

    MOVE = "move"
    """It goes to the folder ``done`` in the inbox."""
    KEEP = "keep"
    """Nothing in the inbox is touched, whatever comes of a slide."""
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What a person may ask of a watch folder.

    Parameters
    ----------
    inbox
        The folder that slides come into.
    out
        Folder for the results, each slide in one of its own; ``None`` to store none.
    address
        Of the peer that they are sent to; ``None`` to send none.
    journal
        File of what became of each.
    arguments
        Options of ``dicomizer convert``.
    verify_arguments
        Those of them that ``dicomizer verify`` must know; ``None`` for no verification.
    send_arguments
        Options of ``dicomizer send``.
    rules
        File with the rules for metadata.
    settle_seconds
        For which a slide must not have changed.
    patience_seconds
        For which a slide that cannot be read may still be on its way.
    poll_seconds
        After which the inbox is looked at though nothing was told.
    lookup_seconds
        After which an unmatched slide is looked up again.
    first_retry_seconds, longest_retry_seconds
        The wait before another attempt doubles from the one up to the other.
    attempts
        After which a slide whose conversion fails is given up.
    jobs
        Slides at the same time; ``None`` for one on each core.
    has_events
        Whether to be told of changes by the system.
    """

    inbox: Path
    out: Path | None
    address: str | None
    journal: Path
    arguments: tuple[str, ...] = ()
    verify_arguments: tuple[str, ...] | None = ()
    send_arguments: tuple[str, ...] = ()
    rules: Path | None = None
    after: After = After.MOVE
    settle_seconds: float = 10.0
    patience_seconds: float = 300.0
    poll_seconds: float = 10.0
    lookup_seconds: float = 60.0
    first_retry_seconds: float = 15.0
    longest_retry_seconds: float = 3600.0
    attempts: int = 10
    jobs: int | None = None
    has_events: bool = True

    @property
    def work(self) -> Path:
        """The private folder in which slides are converted, where its results can be moved from."""
        if self.out is not None:
            return self.out / ".dicomizer-watch"
        return self.journal.with_suffix(".work")
