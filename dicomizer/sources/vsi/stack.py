# SPDX-License-Identifier: Apache-2.0
"""The pyramid of one image: an ETS file's tiles, in order of paths, planes, rows and columns."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.slide import Coding, Flavor, SizePx, SlideImage
from dicomizer.sources.base import Refusal
from dicomizer.sources.tiff.pyramid import with_level_spacing
from dicomizer.sources.vsi.document import Dimension
from dicomizer.sources.vsi.tiles import tile_frames

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.sources.base import Frame
    from dicomizer.sources.vsi.document import VsiImage
    from dicomizer.sources.vsi.ets import EtsFile

_BATCH_BYTES = 4 << 20
_MOST_FRAMES = 1 << 23
_MOST_LEVELS = 20
_ABSENT = -1


class Stack:
    """The open file of an image.

    Parameters
    ----------
    image
        What the tags tell of it.

    Raises
    ------
    Refusal
        Its pixels or dimensions cannot be read.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, ets: EtsFile, image: VsiImage) -> None:
        self._ets = ets
        self.image = image
        self.notes: list[str] = []
        self._axes = self._dimension_axes()
        self._file = ets.path.open("rb")
        try:
            self._frames = tile_frames(ets, self._read(0))
            self._tables = self._level_tables()
            images = [self._level(number) for number in range(len(self._tables))]
        except BaseException:
            self._file.close()
            raise
        self.levels = with_level_spacing(images, image.spacing)
        """The pyramid, finest level first."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def frames(self, level: int, indices: Sequence[int] | None) -> Iterator[list[Frame]]:
        """Yield frames of a level in batches.

        Raises
        ------
        CorruptSourceError
            A tile cannot be read or is damaged.
        """
        table = self._tables[level].ravel()
        batch: list[Frame] = []
        size = 0
        for index in range(len(table)) if indices is None else indices:
            number = int(table[index])
            frame: Frame = ()
            if number != _ABSENT:
                frame = self._frames.frame(number, self._read(number))
            batch.append(frame)
            size += sum(map(len, frame))
            if size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _read(self, number: int) -> memoryview:
        offset, length = int(self._ets.offsets[number]), int(self._ets.byte_counts[number])
        try:
            data = os.pread(self._file.fileno(), length, offset)
        except OSError as error:
            raise SourceError(
                f"cannot be read: {error.strerror or error}", file=self._ets.path
            ) from error
        if len(data) < length:
            raise CorruptSourceError(
                f"found {len(data)} bytes, expected {length}",
                file=self._ets.path,
                place=f"tile {number}",
                remedy="the file is cut short; copy it again",
            )
        return memoryview(data)

    def _dimension_axes(self) -> dict[Dimension, int]:
        """Return which coordinate counts what; those of one value need no name."""
        extents = self._ets.extents
        coordinates = range(2, 2 + len(extents))
        # The tags may describe the level as well, behind the others.
        kinds = (*self.image.dimensions, *([None] * len(extents)))[: len(extents)]
        for coordinate, kind in zip(coordinates, kinds, strict=True):
            if kind is None and extents[coordinate - 2] > 1:
                raise Refusal(f"the tags do not tell what coordinate {coordinate} of a tile counts")
        return {
            kind: coordinate for coordinate, kind in zip(coordinates, kinds, strict=True) if kind
        }

    def _extent(self, dimension: Dimension) -> int:
        axis = self._axes.get(dimension)
        return self._ets.extents[axis - 2] if axis else 1

    def _level_tables(self) -> list[NDArray[np.int64]]:
        """Return, for each level, the number of each frame's tile; -1 where it is not stored."""
        import numpy as np

        coordinates = self._ets.coordinates
        used = np.ones(len(coordinates), bool)
        if self._extent(Dimension.TIME) > 1:
            used = coordinates[:, self._axes[Dimension.TIME]] == 0
            self.notes.append(
                f"image {self.image.number} has several points in time: the first is taken"
            )
        last = int(coordinates[:, -1].max()) if self._ets.has_levels else 0
        if last >= _MOST_LEVELS:
            raise self._corrupt(f"found level {last}, expected fewer than {_MOST_LEVELS}")
        self._sizes = self._level_sizes(last + 1)
        return [
            self._level_table(size, np.flatnonzero(used & (coordinates[:, -1] == number)))
            for number, size in enumerate(self._sizes)
        ]

    def _level_sizes(self, count: int) -> list[SizePx]:
        """Return the size of each level: half of the finer one, rounded as its tiles show."""
        sizes, tile = [self._ets.size], self._ets.tile_size
        for number in range(1, count):
            places = self._ets.coordinates[self._ets.coordinates[:, -1] == number, :2]
            columns, rows = (places.max(axis=0) + 1).tolist() if len(places) else (1, 1)
            sizes.append(
                SizePx(
                    _halved(sizes[-1].width, columns * tile.width),
                    _halved(sizes[-1].height, rows * tile.height),
                )
            )
        return sizes

    def _level_table(self, size: SizePx, tiles: NDArray[np.int64]) -> NDArray[np.int64]:
        import numpy as np

        tile = self._ets.tile_size
        shape = (
            self._extent(Dimension.PATH),
            self._extent(Dimension.PLANE),
            -(-size.height // tile.height),
            -(-size.width // tile.width),
        )
        if not 0 < np.prod(shape, dtype=float) <= _MOST_FRAMES:
            raise self._corrupt(f"found {shape} paths, planes, rows and columns of tiles")
        places = self._ets.coordinates[tiles]
        nothing = np.zeros(len(places), np.int64)
        axes = [self._axes.get(kind) for kind in (Dimension.PATH, Dimension.PLANE)]
        at = (*(places[:, axis] if axis else nothing for axis in axes), places[:, 1], places[:, 0])
        for values, count in zip(at, shape, strict=True):
            if (values >= count).any():
                raise self._corrupt(
                    f"a tile is at {values.max()}, expected less than {count}",
                )
        table = np.full(shape, _ABSENT, np.int64)
        table[at] = tiles
        return table

    def _level(self, number: int) -> SlideImage:
        import numpy as np

        table, form = self._tables[number].ravel(), self._frames.form
        stored = table[table != _ABSENT]
        return SlideImage(
            key=f"stack {self.image.number}, level {number}",
            flavor=Flavor.VOLUME,
            size=self._sizes[number],
            tile_size=self._ets.tile_size,
            coding=Coding(
                form.compression,
                form.color_space,
                form.lossy,
                coded_bytes=int(self._ets.byte_counts[stored].sum()),
                method=form.method,
            ),
            pixel_format=form.pixel_format,
            planes=self._extent(Dimension.PLANE),
            paths=self._extent(Dimension.PATH),
            missing=frozenset(np.flatnonzero(table == _ABSENT).tolist()),
        )

    def _corrupt(self, problem: str) -> CorruptSourceError:
        return CorruptSourceError(
            problem, file=self._ets.path, remedy="the file is damaged; copy it again"
        )


def _halved(side: int, covered: int) -> int:
    """Return half a side, rounded up where tiles reach that far."""
    return max(min(-(-side // 2), covered), side // 2, 1)
