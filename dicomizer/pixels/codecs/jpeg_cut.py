# SPDX-License-Identifier: Apache-2.0
"""Cut a large JPEG stream into tiles in the DCT domain: the same coefficients, never coded anew.

Each row of MCUs of a tile becomes a restart interval. Its bits are those of the large stream, but
for the first DC coefficient of each component, since behind a restart marker predictors are
zero; what a tile has beyond the edge of the image repeats the DC coefficients beside it.

Restart markers of the large stream let many places be looked at together, and tiles be cut
without all that is before them; they need not fit the tiles, and may be missing. Measured on one
core, at 1 bit per pixel: 80 to 120 Mpixel/s. opentile, with the lossless crop of libjpeg-turbo,
makes 95; the crop alone 230 and more, but no maintained wheel ships it. Rectangles of whole
restart intervals need no look at any bit; but such frames are as wide as a scanner's intervals, of
another size at each level, and wsidicom then takes the levels for no pyramid.

References
----------
ITU-T T.81 B.2.1 (restart), E.1.4 (restart intervals), F.1.2 (coding)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.jpeg import (
    EOI,
    JpegError,
    JpegHeader,
    Segment,
    complete_header,
)
from dicomizer.pixels.codecs.jpeg_cut_bits import BitString, dc_code
from dicomizer.pixels.codecs.jpeg_cut_grid import DRI
from dicomizer.pixels.codecs.jpeg_cut_scan import scan_intervals
from dicomizer.pixels.codecs.jpeg_cut_tables import read_scan_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomizer.pixels.codecs.jpeg_cut_grid import CutGrid

LARGEST_SIZE = 65_500
"""Rows or columns that libjpeg takes, a little less than the 16 bits of the header."""

_SOS = 0xDA
_RESTARTS = tuple(bytes((0xFF, 0xD0 + number)) for number in range(8))


def sized_header(header: JpegHeader, width: int, height: int, *, ycbcr: bool) -> bytes:
    """Return a header that stands alone, for a frame of another size.

    Parameters
    ----------
    ycbcr
        As for `dicomizer.pixels.codecs.jpeg.complete_header`.

    Raises
    ------
    JpegError
        No decoder takes that size, or tables that the scan needs are not in the header.
    """
    if not 0 < min(width, height) <= max(width, height) <= LARGEST_SIZE:
        raise JpegError(f"no decoder takes a frame of {width} x {height} pixels")
    frame = replace(header.frame, width=width, height=height)
    size = struct.pack(">HH", height, width)
    segments = tuple(
        Segment(item.marker, item.data[:5] + size + item.data[9:])
        if item.marker == header.frame.process
        else item
        for item in header.segments
    )
    return complete_header((), JpegHeader(segments, frame, header.length), ycbcr=ycbcr)


def _with_restart_interval(header: JpegHeader, interval: int) -> JpegHeader:
    segments = [item for item in header.segments if item.marker not in (DRI, _SOS)]
    scan = next(item for item in header.segments if item.marker == _SOS)
    restart = Segment(DRI, b"\xff\xdd" + struct.pack(">HH", 4, interval))
    return replace(header, segments=(*segments, restart, scan))


@dataclass(frozen=True, slots=True)
class IntervalBlocks:
    """Restart intervals whose blocks are known.

    Parameters
    ----------
    data
        As in `ScannedIntervals`, as are the other views of its arrays.
    indices
        Row of each interval in the arrays, by its number.
    """

    data: bytes
    places: memoryview
    dc: memoryview
    dc_bits: memoryview
    indices: dict[int, int]


class JpegCutter:
    """Cuts tiles out of one stream.

    Parameters
    ----------
    ycbcr
        As for `dicomizer.pixels.codecs.jpeg.complete_header`.

    Raises
    ------
    JpegError
        The stream cannot be cut: it has several scans, or Huffman tables made for its own values.
    """

    def __init__(self, header: JpegHeader, grid: CutGrid, *, ycbcr: bool) -> None:
        self.grid = grid
        self._tables = read_scan_tables(header)
        self._header = sized_header(
            _with_restart_interval(header, grid.tile_across), *grid.tile_size, ycbcr=ycbcr
        )
        order, components = self._tables.blocks, range(len(self._tables.dc))
        self._blocks = len(order)
        self._firsts = tuple(order.index(item) for item in components)
        self._lasts = tuple(self._blocks - 1 - order[::-1].index(item) for item in components)
        self._repeated_mcu = self._flat_mcu([0] * len(self._firsts))

    def find_blocks(self, intervals: Mapping[int, bytes | memoryview]) -> IntervalBlocks:
        """Find the blocks of restart intervals, for `cut`.

        Parameters
        ----------
        intervals
            Entropy-coded bytes by number of the interval, without the markers around them.

        Raises
        ------
        JpegError
            An interval is longer or shorter than its blocks.
        """
        counts = [self.grid.mcus_of_interval(number) * self._blocks for number in intervals]
        found = scan_intervals(list(intervals.values()), counts, self._tables)
        return IntervalBlocks(
            found.data,
            found.places.data,
            found.dc.data,
            found.dc_bits.data,
            {number: index for index, number in enumerate(intervals)},
        )

    def cut(self, tile: int, blocks: IntervalBlocks) -> bytes:
        """Return the stream of a tile, all of whose intervals are in ``blocks``.

        Raises
        ------
        JpegError
            A DC coefficient is none of a picture of 8 bits.
        """
        parts = [self._header]
        dc = [0] * len(self._firsts)
        for number, row in enumerate(self.grid.rows_of_tile(tile)):
            segment, dc = self._segment(row, blocks)
            parts += (segment, _RESTARTS[number % 8])
        flat = self._flat_segment(dc)
        for number in range(len(parts) // 2, self.grid.tile_down):
            parts += (flat, _RESTARTS[number % 8])
        parts[-1] = EOI
        return b"".join(parts)

    def _segment(self, row: range, blocks: IntervalBlocks) -> tuple[bytes, list[int]]:
        """Return one row of MCUs of a tile, and the DC coefficients at its end."""
        bits = BitString()
        dc = [0] * len(self._firsts)
        start = row.start
        while start < row.stop:
            number, offset = divmod(start, self.grid.interval)
            stop = min(row.stop, (number + 1) * self.grid.interval)
            first = offset * self._blocks
            piece = _Piece(blocks.indices[number], first, first + (stop - start) * self._blocks)
            dc = self._append(bits, piece, dc, blocks)
            start = stop
        bits.repeat(self._repeated_mcu, self.grid.tile_across - len(row))
        return bits.segment(), dc

    def _append(
        self, bits: BitString, piece: _Piece, dc: list[int], blocks: IntervalBlocks
    ) -> list[int]:
        """Add the blocks of a piece behind others whose last DC coefficients are ``dc``."""
        index = piece.index
        copied = None
        for component, offset in enumerate(self._firsts):
            first = piece.first + offset
            place = blocks.places[index, first]
            if copied is not None:
                bits.copy(blocks.data, copied, place)
            difference = blocks.dc[index, first] - dc[component]
            bits.append(*dc_code(self._tables.dc[component], difference))
            copied = place + blocks.dc_bits[index, first]
        bits.copy(blocks.data, copied or 0, blocks.places[index, piece.last])
        behind = piece.last - self._blocks
        return [blocks.dc[index, behind + offset] for offset in self._lasts]

    def _flat_segment(self, dc: list[int]) -> bytes:
        """Return a row of MCUs of one colour."""
        bits = self._flat_mcu(dc)
        bits.repeat(self._repeated_mcu, self.grid.tile_across - 1)
        return bits.segment()

    def _flat_mcu(self, dc: list[int]) -> BitString:
        """Return an MCU of one colour, that of the MCU before it changed by ``dc``."""
        bits = BitString()
        for block, component in enumerate(self._tables.blocks):
            difference = dc[component] if block in self._firsts else 0
            bits.append(*dc_code(self._tables.dc[component], difference))
            bits.append(*self._tables.end_of_block(component))
        return bits


@dataclass(frozen=True, slots=True)
class _Piece:
    """Blocks of one interval, from ``first`` up to ``last``, which is none of them."""

    index: int
    first: int
    last: int
