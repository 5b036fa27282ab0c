# SPDX-License-Identifier: Apache-2.0
"""Stored tiles, decoded and kept as long as they fit."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import CorruptSourceError
from dicomizer.slide import Compression, SlideImage
from dicomizer.sources.base import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.sources.base import Frame

    ReadTiles = Callable[[SlideImage, Sequence[int]], Iterator[list[Frame]]]

KEPT_BYTES = 64 << 20
_LARGEST_TILE_BYTES = 64 << 20
_DECODABLE = {
    Compression.JPEG: TransferSyntax.JPEG_BASELINE,
    Compression.NONE: TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN,
}


class DecodedTiles:
    """The stored tiles of a level, by index.

    Parameters
    ----------
    stored
        The level as the file holds it, of one plane and one path.
    read
        Reads tiles of a level, coded as its coding says, in the order asked for.

    Raises
    ------
    Refusal
        Its tiles cannot be decoded here.
    """

    def __init__(self, stored: SlideImage, read: ReadTiles, file: Path) -> None:
        if stored.coding.compression not in _DECODABLE:
            raise Refusal(f"overlapping tiles are {stored.coding.compression.value}, not JPEG")
        if stored.planes * stored.paths > 1:
            raise Refusal("overlapping tiles have several planes or paths")
        if stored.frame_bytes > _LARGEST_TILE_BYTES:
            raise Refusal(f"overlapping tiles are {stored.tile_size} pixels large")
        self._stored = stored
        self._read = read
        self._file = file
        self._kept: OrderedDict[int, Pixels] = OrderedDict()

    @property
    def stored(self) -> SlideImage:
        """The level whose tiles these are."""
        return self._stored

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def __getitem__(self, tile: int) -> Pixels:
        """Return a tile, (rows, columns, samples), decoded now if it is not kept.

        Raises
        ------
        CorruptSourceError
            It cannot be decoded.
        """
        if tile not in self._kept:
            self.load({tile})
        return self._kept[tile]

    def load(self, tiles: set[int]) -> None:
        """Decode tiles that are not kept, in the order of the file, as many as fit.

        Those that were asked for longest ago make room.

        Raises
        ------
        CorruptSourceError
            As for a single one.
        """
        for tile in tiles.intersection(self._kept):
            self._kept.move_to_end(tile)
        fitting = KEPT_BYTES // self._stored.frame_bytes
        wanted = sorted(tiles.difference(self._kept))[:fitting]
        numbers = iter(wanted)
        for batch in self._read(self._stored, wanted) if wanted else ():
            for frame, tile in zip(batch, numbers, strict=False):
                self._kept[tile] = self._decoded(tile, frame)
        while len(self._kept) > fitting:
            self._kept.popitem(last=False)

    def _decoded(self, tile: int, frame: Frame) -> Pixels:
        from dicomizer.pixels.codecs.decode import decode
        from dicomizer.pixels.codecs.errors import CodecError

        size = self._stored.tile_size
        try:
            return decode(
                b"".join(frame),
                _DECODABLE[self._stored.coding.compression],
                self._stored.pixel_format,
                rows=size.height,
                columns=size.width,
            )
        except CodecError as error:
            raise CorruptSourceError(
                f"tile {tile} cannot be decoded: {error}",
                file=self._file,
                place=f"directory {self._stored.key}",
                remedy="the file is damaged; copy it again",
            ) from error
