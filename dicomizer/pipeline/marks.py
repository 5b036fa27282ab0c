# SPDX-License-Identifier: Apache-2.0
"""Marks that a conversion leaves on its way, from which the next goes on if it is killed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.pipeline.pyramid import PyramidPass
    from dicomizer.state import State
    from dicomizer.targets.journal import Journal
    from dicomizer.writers.instance import InstanceWriter

_SHARE = 0.02
"""Of all frames, between two marks: less work than that is done twice, but for what is under way
in other threads."""


class Marks:
    """The marks of a conversion.

    Parameters
    ----------
    number_of_frames
        Of the whole conversion.
    """

    def __init__(self, journal: Journal, number_of_frames: int) -> None:
        self._journal = journal
        self._between = _SHARE * number_of_frames
        self._since: Counter[str] = Counter()

    def load(self, part: str) -> State | None:
        """Return how far a part was; ``None`` where it begins."""
        return self._journal.load(part)

    def count(self, part: str, frames: int, state: Callable[[], State | None]) -> None:
        """Count frames of a part that are written, and leave a mark when they are enough.

        Parameters
        ----------
        state
            Tells how far the part is; ``None`` where that cannot be told just now.
        """
        self._since[part] += frames
        if self._since[part] < self._between:
            return
        found = state()
        if found is not None:
            self._journal.save(part, found)
            self._since[part] = 0


def chain_state(passing: PyramidPass, writers: Sequence[InstanceWriter | None]) -> State | None:
    """Return how far a chain is: the pass, and the file of each level."""
    joined: dict[str, NDArray[np.generic]] = {}
    for level, writer in enumerate(writers):
        if writer is None:
            continue
        found = writer.state()
        if found is None:
            return None
        joined |= {f"level {level} {name}": value for name, value in found.items()}
    whole = passing.state()
    return None if whole is None else {**joined, **whole}


def of_level(state: State | None, level: int) -> State | None:
    """Return what `chain_state` told of the file of a level."""
    if state is None:
        return None
    prefix = f"level {level} "
    return {
        name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
    }
