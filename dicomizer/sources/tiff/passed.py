# SPDX-License-Identifier: Apache-2.0
"""Stored tiles as frames without decoding: JPEG with another header, JPEG 2000 as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs import jpeg2000
from dicomizer.pixels.codecs.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.pixels.codecs.jpeg2000 import CodestreamHeader
    from dicomizer.slide import Coding, SizePx
    from dicomizer.sources.base import Frame
    from dicomizer.sources.tiff.content import Content
    from dicomizer.sources.tiff.stored import StoredTiles

_END_OF_CODESTREAM = b"\xff\xd9"


class FrameMaker(Protocol):
    """Makes the frame of a stored tile, and checks it on the way."""

    def frame(self, index: int, tile: memoryview) -> Frame:
        """Return the frame.

        Raises
        ------
        CorruptSourceError
            The tile is not what the others are.
        """
        ...


class PassedTiles:
    """Frames of one directory, passed through.

    Parameters
    ----------
    maker
        Of the kind that the tiles are.
    """

    def __init__(
        self, stored: StoredTiles, maker: FrameMaker, content: Content, coding: Coding
    ) -> None:
        self.coding = coding
        self.content = content
        self.tile_size: SizePx = stored.directory.tile_size
        grid = stored.directory.grid
        self.number_of_frames = grid.width * grid.height
        self.missing = frozenset(i for i in stored.missing if i < self.number_of_frames)
        self._stored = stored
        self._maker = maker

    def frames(self, indices: Sequence[int] | None) -> Iterator[list[Frame]]:
        """Yield frames in batches; see `SlideSource.frames`."""
        make = self._maker.frame
        if indices is None:
            start = 0
            for run in self._stored.all(self.number_of_frames):
                yield [make(start + n, tile) if tile else () for n, tile in enumerate(run)]
                start += len(run)
            return
        numbers = iter(indices)
        for run in self._stored.chosen(indices):
            yield [
                make(index, tile) if tile else () for tile, index in zip(run, numbers, strict=False)
            ]


class Jpeg2000Tiles:
    """Codestreams as they are, each of the kind of the first.

    Parameters
    ----------
    first
        What every tile must be like.
    declare_transform
        Whether the components are YCbCr that no header tells, and shall be declared as YBR_ICT.
    """

    def __init__(
        self, stored: StoredTiles, first: CodestreamHeader, *, declare_transform: bool
    ) -> None:
        self._stored = stored
        self._kind = _kind(first)
        self._declare_transform = declare_transform

    def frame(self, index: int, tile: memoryview) -> Frame:
        """Return the codestream of a tile, out of its JP2 file if it is in one.

        Raises
        ------
        CorruptSourceError
            It has no end, or another size or coding than the first.
        """
        try:
            stream = memoryview(jpeg2000.codestream(tile))
            header = jpeg2000.read_codestream_header(stream)
            if _kind(header) != self._kind:
                raise CodecError("it differs from the first in size or coding")
            whole = _ended(stream)
            if self._declare_transform:
                return (jpeg2000.with_component_transform(whole),)
        except CodecError as error:
            raise CorruptSourceError(
                f"tile {index}: {error}",
                file=self._stored.path,
                place=self._stored.directory.place,
                remedy="the file is damaged; copy it again",
            ) from error
        return (whole,)


def _kind(header: CodestreamHeader) -> tuple[object, ...]:
    return (
        header.width,
        header.height,
        header.components,
        header.component_transform,
        header.reversible,
        header.high_throughput,
    )


def _ended(stream: memoryview) -> memoryview:
    """Return a codestream up to its end; bytes behind are padding of the file."""
    if stream[-2:] == _END_OF_CODESTREAM:
        return stream
    # Within the codestream 0xFF is never followed by more than 0x8F (T.800 C.2.2, B.10.1).
    end = bytes(stream).rfind(_END_OF_CODESTREAM)
    if end < 0:
        raise CodecError("the codestream has no end (EOC)")
    return stream[: end + 2]
