# SPDX-License-Identifier: Apache-2.0
"""Stored JPEG tiles as frames that stand alone, by another header before the same scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs import jpeg

if TYPE_CHECKING:
    from dicomizer.slide import SizePx
    from dicomizer.sources.base import Frame


class JpegTiles:
    """Makes frames of the tiles of one image.

    Almost all tiles of an image begin with the same header, so the new header is made once for
    each different one, and recognising it checks the tile at the price of a comparison.

    Parameters
    ----------
    tables
        The JPEGTables tag, for abbreviated tiles.
    tile_size
        What every tile must be.
    ycbcr
        What the photometric interpretation tag says of the samples; it is what TIFF readers
        obey, whatever markers the stream has.
    components
        Of every tile: 3, or 1 for grey.
    file, place
        For error messages.
    """

    def __init__(
        self,
        tables: bytes | None,
        tile_size: SizePx,
        *,
        ycbcr: bool,
        file: object,
        place: str,
        components: int = 3,
    ) -> None:
        self._components = components
        self._tile_size = tile_size
        self._ycbcr = ycbcr
        self._file = file
        self._place = place
        self._headers: dict[bytes, bytes] = {}
        self._known_length = 0
        try:
            self._tables = jpeg.read_tables(tables) if tables else ()
        except jpeg.JpegError as error:
            raise self._corrupt(f"JPEGTables: {error}") from error

    def frame(self, index: int, tile: memoryview) -> Frame:
        """Return the frame for a stored tile.

        Raises
        ------
        CorruptSourceError
            The tile is empty, cut, no baseline JPEG, or of another size.
        """
        length = self._known_length
        header = self._headers.get(bytes(tile[:length]))
        if header is None:
            length, header = self._new_header(index, tile)
        end = jpeg.end_of_image(tile, length)
        if end is None:
            raise self._corrupt(
                f"tile {index} has no end (EOI)", "the file is cut short or damaged; copy it again"
            )
        return header, tile[length:end]

    def _new_header(self, index: int, tile: memoryview) -> tuple[int, bytes]:
        if not tile:
            raise self._corrupt(
                f"tile {index} is empty, expected a JPEG stream",
                "slides with missing tiles are not converted by this version",
            )
        try:
            found = jpeg.read_header(tile)
        except jpeg.JpegError as error:
            raise self._corrupt(f"tile {index}: {error}", "the file is damaged") from error
        self._check(index, found.frame)
        try:
            header = jpeg.complete_header(self._tables, found, ycbcr=self._ycbcr)
        except jpeg.JpegError as error:
            raise self._corrupt(f"tile {index}: {error}", "the file is damaged") from error
        self._headers[bytes(tile[: found.length])] = header
        self._known_length = found.length
        return found.length, header

    def _check(self, index: int, frame: jpeg.JpegFrame) -> None:
        if not frame.is_baseline or len(frame.sampling) != self._components:
            raise self._corrupt(
                f"tile {index} is JPEG process {frame.process - 0xC0} of {frame.precision} bits "
                f"and {len(frame.sampling)} components, expected baseline, 8 bits, "
                f"{self._components} component{'s' if self._components > 1 else ''}",
                "other kinds of JPEG are not converted by this version",
            )
        if (frame.width, frame.height) != (self._tile_size.width, self._tile_size.height):
            raise self._corrupt(
                f"tile {index} is {frame.width} x {frame.height} pixels, expected {self._tile_size}"
            )

    def _corrupt(self, problem: str, remedy: str | None = None) -> CorruptSourceError:
        return CorruptSourceError(problem, file=self._file, place=self._place, remedy=remedy)
