# SPDX-License-Identifier: Apache-2.0
"""A source whose damaged tiles have something else in their place, told where.

Whatever is put there is coded as the tiles beside it, so that all that follows need not know.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, cast

import numpy as np

from dicomizer.errors import DicomizerError, SourceError
from dicomizer.options import OnBadTile
from dicomizer.pipeline.blank import background, coded_as
from dicomizer.pixels.codecs.decode import decode
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.planning.coding import kept_coding
from dicomizer.sources.base import FileSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.pipeline.tiles import Pixels
    from dicomizer.slide import Scan, SlideImage
    from dicomizer.sources.base import Frame, SlideSource
    from dicomizer.targets.journal import Journal

_LOG = logging.getLogger(__name__)
_INDEX = "index"
_AT_ONCE = 64
"""Frames that are decoded by all threads before the next are read."""


@dataclass(frozen=True, slots=True)
class BadTile:
    """A tile that could not be read or decoded.

    Parameters
    ----------
    image
        As the source names it.
    row, column
        Of the tile, from 0.
    reason
        What was found.
    replaced_by
        What is in its place.
    """

    image: str
    row: int
    column: int
    reason: str
    replaced_by: str

    def __str__(self) -> str:
        return (
            f"image {self.image}, row {self.row}, column {self.column}: {self.reason}; "
            f"{self.replaced_by} is in its place"
        )


class RepairedSource(FileSource):
    """An open slide file whose tiles can all be decoded.

    Parameters
    ----------
    threads
        That decode.
    journal
        Of the conversion: remembers bad tiles for the one that goes on with it.
    """

    def __init__(
        self,
        source: SlideSource,
        on_bad_tile: OnBadTile,
        threads: int,
        journal: Journal | None = None,
    ) -> None:
        self._source = source
        self._slide = source.slide
        self._on_bad_tile = on_bad_tile
        self._threads = threads
        self._journal = journal
        self._bad = _noted(journal) if journal else {}

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that the slide consists of."""
        return self._source.files

    @property
    def bad_tiles(self) -> tuple[BadTile, ...]:
        """Those found up to now, also by the conversion that is continued."""
        return tuple(self._bad.values())

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        if self._on_bad_tile is OnBadTile.FAIL:
            yield from self._source.frames(image, indices)
            return
        wanted = iter(range(image.number_of_frames) if indices is None else indices)
        with ThreadPoolExecutor(self._threads, "check") as pool:
            while batch := list(islice(wanted, _AT_ONCE)):
                found = list(self._read(image, batch))
                reasons = pool.map(lambda frame: _reason(image, frame), found)
                yield [
                    self._usable(image, index, frame, reason)
                    for index, frame, reason in zip(batch, found, reasons, strict=True)
                ]

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def _usable(
        self, image: SlideImage, index: int, frame: bytes | SourceError, reason: str | None
    ) -> Frame:
        if isinstance(frame, SourceError) or reason is not None:
            return (self._replacement(image, index, reason or str(frame)),)
        return (frame,) if frame else ()

    def _read(self, image: SlideImage, indices: Sequence[int]) -> Iterator[bytes | SourceError]:
        """Yield each frame, or why it cannot be read."""
        try:
            batches = self._source.frames(image, indices)
            found = [b"".join(frame) for batch in batches for frame in batch]
        except SourceError as error:
            if len(indices) == 1:
                yield error
                return
            for index in indices:
                yield from self._read(image, [index])
            return
        yield from found

    def _replacement(self, image: SlideImage, index: int, reason: str) -> bytes:
        pixels = self._enlarged(image, index)
        name = "background" if pixels is None else "the next coarser level"
        if pixels is None:
            pixels = self._background(image, index)
        tile = index % image.number_of_tiles
        bad = BadTile(image.key, *divmod(tile, image.grid.width), reason, name)
        if (image.key, index) not in self._bad:
            _LOG.warning("%s: %s", self.slide.path.name, bad)
            if self._journal:
                self._journal.note({_INDEX: index, **asdict(bad)})
        self._bad[image.key, index] = bad
        coding = kept_coding(image)
        return coded_as(
            pixels, coding.transfer_syntax, coding.photometric_interpretation, image.pixel_format
        )

    def _background(self, image: SlideImage, index: int) -> Pixels:
        scan = self._scan(image)
        # Label and overview are taken by white light, whatever the scan was.
        value = (1 << image.pixel_format.bits) - 1
        return np.full(
            (image.tile_size.height, image.tile_size.width, image.pixel_format.samples),
            background(image, scan, index // image.number_of_tiles) if scan else value,
            image.pixel_format.dtype,
        )

    def _scan(self, image: SlideImage) -> Scan | None:
        return next(
            (scan for scan in self.slide.scans if any(x.key == image.key for x in scan.levels)),
            None,
        )

    def _enlarged(self, image: SlideImage, index: int) -> Pixels | None:
        """Return what the next coarser level shows of a tile; ``None`` where there is none."""
        scan = self._scan(image)
        if self._on_bad_tile is not OnBadTile.RESAMPLE or scan is None:
            return None
        number = [level.key for level in scan.levels].index(image.key)
        if number + 1 == len(scan.levels):
            return None
        layer, tile = divmod(index, image.number_of_tiles)
        row, column = divmod(tile, image.grid.width)
        left, top = column * image.tile_size.width, row * image.tile_size.height
        return self._view(image, scan.levels[number + 1], layer, (left, top))

    def _view(
        self, image: SlideImage, coarse: SlideImage, layer: int, corner: tuple[int, int]
    ) -> Pixels:
        """Return a tile of ``image`` as a coarser level shows it."""
        import cv2

        x_factor, y_factor = (
            coarse.size.width / image.size.width,
            coarse.size.height / image.size.height,
        )
        tile, of = image.tile_size, coarse.tile_size
        left, top = corner[0] * x_factor, corner[1] * y_factor
        right = min((corner[0] + tile.width) * x_factor, coarse.size.width)
        bottom = min((corner[1] + tile.height) * y_factor, coarse.size.height)
        first = int(left) // of.width, int(top) // of.height
        last = (
            max(int(np.ceil(right)) - 1, int(left)) // of.width,
            max(int(np.ceil(bottom)) - 1, int(top)) // of.height,
        )
        picture = self._picture(coarse, layer, first, last)
        # Pixel centres: x of the tile is (x + 0.5) * factor - 0.5 of the coarse level.
        origin_x = left - first[0] * of.width + 0.5 * x_factor - 0.5
        origin_y = top - first[1] * of.height + 0.5 * y_factor - 0.5
        matrix = np.array([[x_factor, 0, origin_x], [0, y_factor, origin_y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (tile.width, tile.height)
        made = cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return cast("Pixels", made.reshape(tile.height, tile.width, image.pixel_format.samples))

    def _picture(
        self, image: SlideImage, layer: int, first: tuple[int, int], last: tuple[int, int]
    ) -> Pixels:
        """Return tiles from the first column and row to the last as one picture."""
        places = [
            (row, column)
            for row in range(first[1], last[1] + 1)
            for column in range(first[0], last[0] + 1)
        ]
        offset = layer * image.number_of_tiles
        indices = [offset + row * image.grid.width + column for row, column in places]
        frames = [frame for batch in self.frames(image, indices) for frame in batch]
        tiles = [
            self._decoded(image, index, b"".join(frame))
            for index, frame in zip(indices, frames, strict=True)
        ]
        across = last[0] - first[0] + 1
        rows = [np.hstack(tiles[i : i + across]) for i in range(0, len(tiles), across)]
        return np.vstack(rows)

    def _decoded(self, image: SlideImage, index: int, frame: bytes) -> Pixels:
        return _decode(image, frame) if frame else self._background(image, index)


def _noted(journal: Journal) -> dict[tuple[str, int], BadTile]:
    """Return the bad tiles that an interrupted conversion noted, by image and index."""
    found = {}
    for note in journal.notes():
        index = int(note.pop(_INDEX))
        bad = BadTile(**note)  # type: ignore[arg-type]  # as it was written
        found[bad.image, index] = bad
    return found


def _decode(image: SlideImage, frame: bytes) -> Pixels:
    tile, syntax = image.tile_size, kept_coding(image).transfer_syntax
    return decode(frame, syntax, image.pixel_format, rows=tile.height, columns=tile.width)


def _reason(image: SlideImage, frame: bytes | SourceError) -> str | None:
    """Return why a frame cannot be used; ``None`` where it can."""
    if isinstance(frame, DicomizerError):
        return frame.problem
    if not frame:
        return None
    try:
        _decode(image, frame)
    except CodecError as error:
        return error.problem
    return None
