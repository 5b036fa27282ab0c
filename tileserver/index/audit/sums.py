# SPDX-License-Identifier: Apache-2.0
"""Two collections of many items, by study, compared by a sum for each study.

What is expected is added and what is found taken away: where nothing is left, both are the same
but for one chance in 2^64. So a million studies take 16 megabytes, in whatever order items come.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from numpy.typing import NDArray

_BATCH = 1 << 16


class Sums:
    """A sum for each study.

    Parameters
    ----------
    ids
        Of the studies, in order.
    """

    def __init__(self, ids: Iterable[int]) -> None:
        self._ids: NDArray[np.int64] = np.array(array("q", ids), dtype=np.int64)
        self._sums: NDArray[np.int64] = np.zeros(len(self._ids), dtype=np.int64)
        self._waiting: list[tuple[int, int]] = []
        self.strangers = 0
        """Items of no study."""

    def expect(self, study_id: int, item: Hashable) -> None:
        """Add an item."""
        self._take(study_id, hash((item,)))

    def find(self, study_id: object, item: Hashable) -> None:
        """Take an item away."""
        self._take(study_id, -hash((item,)))

    def unequal(self) -> list[int]:
        """Return the studies where not the same was found as expected."""
        self._add()
        return [int(each) for each in self._ids[self._sums != 0]]

    def _take(self, study_id: object, value: int) -> None:
        if not isinstance(study_id, int):  # a damaged row can have anything
            self.strangers += 1
            return
        self._waiting.append((study_id, value))
        if len(self._waiting) >= _BATCH:
            self._add()

    def _add(self) -> None:
        if not self._waiting:
            return
        ids, values = np.array(self._waiting, dtype=np.int64).T
        self._waiting = []
        places = np.searchsorted(self._ids, ids)
        places[places == len(self._ids)] = 0
        known = self._ids[places] == ids if len(self._ids) else np.zeros(len(ids), dtype=bool)
        np.add.at(self._sums, places[known], values[known])  # wraps around, as it should
        self.strangers += int(np.count_nonzero(~known))
