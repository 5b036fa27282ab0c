# SPDX-License-Identifier: Apache-2.0
"""The child process that calls pyisyntax; see `dicomizer.sources.worker`.

The first request opens a file: ``{"path"}``. Then there is ``{"level", "regions"}``, a region
being ``x, y, width, height`` in pixels of the level, and the side of the tile that it is part of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from isyntax import ISyntax

from dicomizer.sources.worker.child import serve
from dicomizer.sources.worker.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

_CACHED_TILES = 400
"""Of 400 kB each."""
_MEMORY_BYTES = 2 << 30
"""The library reserves chunks of 256 MB, of which it uses little."""


class IsyntaxReader:
    """Answers requests about one file."""

    def __init__(self) -> None:
        self._file: Any = None

    def answer(self, request: Message) -> Message:
        """Return the reply to a request."""
        values: Mapping[str, Any] = request.values
        if "path" in values:
            return Message(self._open(values["path"]))
        tiles = (self._tile(values["level"], region) for region in values["regions"])
        return Message({}, b"".join(tiles))

    def _open(self, path: str) -> dict[str, object]:
        self._file = ISyntax.open(path, cache_size=_CACHED_TILES)
        return {
            "sizes": self._file.level_dimensions,
            "mpp": (self._file.mpp_x, self._file.mpp_y),
        }

    def _tile(self, level: int, region: list[int]) -> bytes:
        """Return a tile of full size; beyond the image its last pixels are repeated."""
        x, y, width, height, side = region
        pixels = self._file.read_region(x, y, width, height, level=level)
        edge = ((0, side - height), (0, side - width), (0, 0))
        return np.pad(pixels[..., :3], edge, "edge").tobytes()


if __name__ == "__main__":
    serve(IsyntaxReader().answer, memory_bytes=_MEMORY_BYTES)
