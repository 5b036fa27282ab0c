# SPDX-License-Identifier: Apache-2.0
"""The child process that calls pylibCZIrw; see `dicomizer.sources.worker`.

The first request opens a file: ``{"path"}``. Its reply has the sizes of the dimensions, the
rectangles of the scenes, pixel types, compressions, the scales of stored pyramids, and the
metadata; the payload has the rectangles of all tiles of full resolution, (tiles, 4) int32. Then
there is ``{"scene", "factor", "background", "regions"}``, a region being channel, plane, and
``x, y, width, height``: its corner in pixels of full resolution, its size in those of the level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pylibCZIrw import czi

from dicomizer.sources.worker.child import serve
from dicomizer.sources.worker.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class CziReader:
    """Answers requests about one file."""

    def __init__(self) -> None:
        self._file: Any = None

    def answer(self, request: Message) -> Message:
        """Return the reply to a request."""
        values: Mapping[str, Any] = request.values
        if "path" in values:
            return self._open(values["path"])
        tiles = (
            self._tile(values["scene"], values["factor"], values["background"], region)
            for region in values["regions"]
        )
        return Message({}, b"".join(tiles))

    def _open(self, path: str) -> Message:
        self._file = czi.CziReader(path)
        box = self._file.total_bounding_box
        stored = _Subblocks()
        self._file.enumerate_subblocks(stored.add)
        return Message(
            {
                "sizes": {name: box[name][1] for name in "TZC"},
                "scenes": self._scenes(),
                "pixel_types": list(self._file.pixel_types.values()),
                "compressions": sorted(stored.compressions),
                "scales": sorted(stored.scales),
                "metadata": self._file.raw_metadata,
            },
            np.array(stored.rectangles, np.int32).tobytes(),
        )

    def _scenes(self) -> list[tuple[int | None, list[int]]]:
        """Return number and rectangle of each scene; a file without any is one."""
        scenes = self._file.scenes_bounding_rectangle_no_pyramid
        if not scenes:
            return [(None, list(self._file.total_bounding_rectangle_no_pyramid))]
        return [(number, list(rectangle)) for number, rectangle in sorted(scenes.items())]

    def _tile(self, scene: int | None, factor: int, background: float, region: list[int]) -> bytes:
        """Return a tile of full size; beyond the image its last pixels are repeated."""
        channel, plane, x, y, side, width, height = region
        pixels: NDArray[Any] = self._file.read(
            roi=(x, y, side * factor, side * factor),
            plane={"C": channel, "Z": plane, "T": 0},
            scene=scene,
            zoom=1 / factor,
            background_pixel=(background,) * 3,
        )
        if pixels.shape[:2] != (side, side):
            raise ValueError(f"read {pixels.shape[:2]} pixels, expected {(side, side)}")
        if pixels.shape[2] == 3:
            pixels = pixels[..., ::-1]
        edge = ((0, side - height), (0, side - width), (0, 0))
        return np.pad(pixels[:height, :width], edge, "edge").tobytes()


class _Subblocks:
    """Gathers what the stored tiles are."""

    def __init__(self) -> None:
        self.compressions: set[str] = set()
        self.scales: set[float] = set()
        self.rectangles: list[tuple[int, int, int, int]] = []

    def add(self, _: int, info: Any) -> bool:
        """Take a tile in, and ask for the next."""
        zoom = round(info.get_zoom(), 6)
        self.scales.add(zoom)
        self.compressions.add(str(info.get_compression_mode().name))
        if zoom == 1:
            rectangle = info.logicalRect
            self.rectangles.append((rectangle.x, rectangle.y, rectangle.w, rectangle.h))
        return True


if __name__ == "__main__":
    serve(CziReader().answer)
