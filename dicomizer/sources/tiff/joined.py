# SPDX-License-Identifier: Apache-2.0
"""JPEG strips of a small image as one stream, joined without decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.pixels.codecs import jpeg
from dicomizer.slide import ColorSpace, Compression
from dicomizer.sources.tiff.directory import JPEG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.slide import Coding
    from dicomizer.sources.base import Frame
    from dicomizer.sources.tiff.coded import StoredSamples
    from dicomizer.sources.tiff.content import Content
    from dicomizer.sources.tiff.stored import StoredTiles


class JoinedStrips:
    """The one frame of an image in JPEG strips."""

    def __init__(
        self, stored: StoredTiles, content: Content, coding: Coding, *, ycbcr: bool
    ) -> None:
        self.coding = coding
        self.content = content
        self.tile_size = stored.directory.size
        self.missing: frozenset[int] = frozenset()
        self.number_of_frames = 1
        self._stored = stored
        self._ycbcr = ycbcr

    def frames(self, indices: Sequence[int] | None) -> Iterator[list[Frame]]:
        """Yield the frame; see `SlideSource.frames`."""
        stream = joined_stream(self._stored, ycbcr=self._ycbcr) or b""
        yield [(stream,) for _ in ((0,) if indices is None else indices)]


def joined_strips(
    stored: StoredTiles, content: Content, samples: StoredSamples
) -> JoinedStrips | None:
    """Return the strips joined, or ``None`` where they have to be decoded."""
    directory = stored.directory
    is_one_column = directory.tile_size.width >= directory.size.width
    if (
        directory.compression != JPEG
        or not is_one_column
        or directory.planar_configuration != 1
        or directory.samples_per_pixel != content.pixel_format.samples
        or stored.missing
    ):
        return None
    ycbcr = samples.is_ycbcr
    if joined_stream(stored, ycbcr=ycbcr) is None:
        return None
    color_space = content.color_space
    if ycbcr and color_space is ColorSpace.RGB:
        color_space = ColorSpace.YCBCR
    return JoinedStrips(stored, content, samples.coding(Compression.JPEG, color_space), ycbcr=ycbcr)


def joined_stream(stored: StoredTiles, *, ycbcr: bool) -> bytes | None:
    """Return a JPEG directory as one stream, or ``None`` where that cannot be."""
    directory = stored.directory
    strips = [bytes(strip) for run in stored.all(len(directory.offsets)) for strip in run]
    try:
        tables = jpeg.read_tables(directory.jpeg_tables) if directory.jpeg_tables else ()
        stream = jpeg.join_strips(strips, tables, ycbcr=ycbcr)
        frame = jpeg.read_header(stream).frame
    except jpeg.JpegError:
        return None
    fits = (frame.width, frame.height) == (directory.size.width, directory.size.height)
    is_whole = fits and frame.is_baseline and len(frame.sampling) == directory.samples_per_pixel
    return stream if is_whole else None
