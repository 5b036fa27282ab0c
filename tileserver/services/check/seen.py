# SPDX-License-Identifier: Apache-2.0
"""Keys that were seen: 32 bytes each, and no more for a million of them than 32 megabytes twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tileserver.store import is_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_KEY = np.dtype("S32")


class SeenKeys:
    """Keys of blobs; all are to be added before any is asked for."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._sorted: NDArray[np.bytes_] | None = None

    def add(self, key: object) -> None:
        """Add a key; what is none is no blob's."""
        if isinstance(key, str) and is_key(key):
            self._bytes += bytes.fromhex(key)

    def unseen(self, keys: Sequence[str]) -> list[str]:
        """Return those of the keys that were not added."""
        if self._sorted is None:
            self._sorted = np.sort(np.frombuffer(bytes(self._bytes), _KEY))
            self._bytes.clear()
        asked = np.frombuffer(b"".join(map(bytes.fromhex, keys)), _KEY)
        places = np.searchsorted(self._sorted, asked)
        return [
            key
            for key, place, each in zip(keys, places, asked, strict=True)
            if place == len(self._sorted) or self._sorted[place] != each
        ]
