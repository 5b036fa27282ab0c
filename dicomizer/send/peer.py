# SPDX-License-Identifier: Apache-2.0
"""What sending asks of a peer, whichever protocol it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dicomizer.send.instances import Instance


@dataclass(frozen=True, slots=True)
class Held:
    """What a peer tells of an instance that it holds; ``None`` or empty where it does not tell."""

    number_of_frames: int | None = None
    rows: int | None = None
    columns: int | None = None
    sop_class_uid: str | None = None
    transfer_syntax_uids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer said to an instance.

    Parameters
    ----------
    reason
        Why it was refused, or what it warned of.
    may_retry
        Whether it may take a refused one later.
    """

    is_accepted: bool
    reason: str | None = None
    may_retry: bool = False


class Peer(Protocol):
    """A peer that instances are sent to."""

    def find(self, instances: Sequence[Instance]) -> dict[str, Held] | None:
        """Return those that the peer holds, by SOP Instance UID; ``None`` if it cannot be asked.

        Raises
        ------
        NetworkError
            The peer cannot be reached or refuses to talk.
        """

    def store(
        self, batch: Sequence[Instance], sent: Callable[[Instance, int], None]
    ) -> Iterator[tuple[Instance, Answer]]:
        """Send instances and yield each with what the peer said, as soon as it did.

        Parameters
        ----------
        sent
            Called with the instance and the bytes of it that have gone out since the last call.

        Raises
        ------
        NetworkError
            As `find`; what was not yielded has an unknown fate.
        """

    def close(self) -> None:
        """End what is open."""


def difference(instance: Instance, held: Held) -> str | None:
    """Tell how what a peer holds differs from a file, or ``None`` where nothing does."""
    frames, expected = held.number_of_frames, instance.number_of_frames
    if frames is not None and frames != expected:
        return f"the peer's has {frames:,} frames, expected {expected:,}"
    for name in ("rows", "columns"):
        found, wanted = getattr(held, name), getattr(instance, name)
        if found is not None and wanted is not None and found != wanted:
            return f"the peer's has {found:,} {name}, expected {wanted:,}"
    if held.sop_class_uid not in (None, instance.sop_class_uid):
        return "the peer's is of another SOP class"
    syntaxes = held.transfer_syntax_uids
    if syntaxes and instance.transfer_syntax_uid not in syntaxes:
        return (
            f"the peer's is in transfer syntax {', '.join(sorted(syntaxes))}, "
            f"expected {instance.transfer_syntax_uid}"
        )
    return None
