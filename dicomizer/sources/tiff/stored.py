# SPDX-License-Identifier: Apache-2.0
"""The stored bytes of a directory's tiles or strips: all in order, or any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from dicomizer.errors import SourceError
from dicomizer.sources.tiff.runs import RUN_BYTES, read_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.sources.tiff.directory import TiffDirectory

_MOST_TILES = 4096
"""In a batch of chosen tiles; many may be missing and take no bytes."""


class StoredTiles:
    """Reads the tiles of a directory; those that the file does not hold are empty.

    Parameters
    ----------
    file
        Open while tiles are read; its position is not used.
    """

    def __init__(self, file: BinaryIO, path: Path, directory: TiffDirectory) -> None:
        self._file = file
        self.path = path
        self.directory = directory
        self._offsets, self._byte_counts = _dense(directory.offsets, directory.byte_counts)

    @property
    def missing(self) -> frozenset[int]:
        """Indices of tiles that the file does not hold."""
        return frozenset(index for index, count in enumerate(self._byte_counts) if not count)

    def one(self, index: int) -> memoryview:
        """Return the bytes of one tile.

        Raises
        ------
        SourceError
            The file cannot be read.
        """
        ((tile,),) = self._runs([index])
        return tile

    def all(self, number: int) -> Iterator[list[memoryview]]:
        """Yield the bytes of the first ``number`` tiles, in order, in batches of neighbours.

        Raises
        ------
        SourceError
            The file cannot be read.
        """
        yield from self._read(self._offsets[:number], self._byte_counts[:number])

    def chosen(self, indices: Sequence[int]) -> Iterator[list[memoryview]]:
        """Yield the bytes of some tiles, in the given order, in batches.

        Within a batch they are read in the order of the file, neighbours at once.

        Raises
        ------
        SourceError
            The file cannot be read.
        """
        for batch in self._batches(indices):
            by_place = sorted(set(batch), key=self._offsets.__getitem__)
            tiles = [tile for run in self._runs(by_place) for tile in run]
            found = dict(zip(by_place, tiles, strict=True))
            yield [found[index] for index in batch]

    def _batches(self, indices: Sequence[int]) -> Iterator[list[int]]:
        batch: list[int] = []
        size = 0
        for index in indices:
            if batch and (size + self._byte_counts[index] > RUN_BYTES or len(batch) >= _MOST_TILES):
                yield batch
                batch, size = [], 0
            batch.append(index)
            size += self._byte_counts[index]
        if batch:
            yield batch

    def _runs(self, indices: Sequence[int]) -> Iterator[list[memoryview]]:
        return self._read(
            [self._offsets[index] for index in indices],
            [self._byte_counts[index] for index in indices],
        )

    def _read(
        self, offsets: Sequence[int], byte_counts: Sequence[int]
    ) -> Iterator[list[memoryview]]:
        try:
            yield from read_runs(self._file.fileno(), offsets, byte_counts)
        except OSError as error:
            raise SourceError(
                f"cannot be read: {error.strerror or error}",
                file=self.path,
                place=self.directory.place,
                remedy="copy the file to a local disk and try again",
            ) from error


def _dense(
    offsets: Sequence[int], byte_counts: Sequence[int]
) -> tuple[Sequence[int], Sequence[int]]:
    """Place each missing tile, with no bytes, behind the tile before: it then breaks no run."""
    if all(offsets) and all(byte_counts):
        return offsets, byte_counts
    places, counts, end = [], [], 0
    for offset, count in zip(offsets, byte_counts, strict=True):
        is_held = offset > 0 and count > 0
        places.append(offset if is_held else end)
        counts.append(count if is_held else 0)
        end = places[-1] + counts[-1]
    return places, counts
