# SPDX-License-Identifier: Apache-2.0
"""How images in strips, or in tiles too large for a frame, are cut into frames within bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.slide import SizePx
from dicomizer.sources.base import Refusal

if TYPE_CHECKING:
    from dicomizer.sources.tiff.content import Content
    from dicomizer.sources.tiff.directory import TiffDirectory

_VIRTUAL_TILE = 512
_SMALLEST_VIRTUAL_TILE = 64
_LARGEST_TILE_BYTES = 64 << 20
_LARGEST_SIDE = 0xFFFF
"""Rows and Columns have 16 bits (PS3.3 C.7.6.3)."""
_HELD_BYTES = 256 << 20
_ROWS_OF_CUT_STRIPS = 64


def frame_size(directory: TiffDirectory, content: Content) -> SizePx:
    """Return the tile size in which a directory is given: its own, or one cut anew.

    Raises
    ------
    Refusal
        Too much would have to be held in memory.
    """
    tile = directory.tile_size
    tile_bytes = tile.width * tile.height * content.pixel_format.bytes_per_pixel
    is_usual = max(tile.width, tile.height) <= _LARGEST_SIDE and tile_bytes <= _LARGEST_TILE_BYTES
    if directory.is_tiled and is_usual:
        return tile
    size = _VIRTUAL_TILE
    while size > _SMALLEST_VIRTUAL_TILE:
        try:
            segments_held(directory, content, SizePx(size, size))
        except Refusal:
            size //= 2
        else:
            break
    return SizePx(size, size)


def segments_held(directory: TiffDirectory, content: Content, tile_size: SizePx) -> int:
    """Return how many decoded segments are kept while a row of frames is made.

    Raises
    ------
    Refusal
        They take more memory than there is for them.
    """
    segment, grid = directory.tile_size, directory.grid
    coded_samples = 1 if directory.planar_configuration == 2 else directory.samples_per_pixel
    sample_bytes = (directory.bits_per_sample + 7) // 8
    segment_bytes = (
        segment.width
        * segment.height
        * max(content.pixel_format.bytes_per_pixel, coded_samples * sample_bytes)
    )
    is_used_once = tile_size in (segment, directory.size)
    held = 1 if is_used_once else _rows_touched(segment, tile_size, grid) * grid.width
    if held * segment_bytes > _HELD_BYTES:
        raise Refusal(
            f"{directory.place} ({directory.size}) is in {directory.compression_name} pieces of "
            f"{segment}, too large to be decoded within {_HELD_BYTES >> 20} MiB"
        )
    return held


def _rows_touched(segment: SizePx, tile: SizePx, grid: SizePx) -> int:
    """Return how many rows of segments a row of frames has parts of, at most."""
    whole, part = divmod(tile.height, segment.height)
    return min(whole + 2 if part else whole, grid.height)


def with_short_strips(directory: TiffDirectory) -> TiffDirectory:
    """Cut one long strip of uncompressed rows into short ones, which it simply is."""
    planes = directory.samples_per_pixel if directory.planar_configuration == 2 else 1
    samples = directory.samples_per_pixel // planes
    row_bytes = directory.size.width * samples * (directory.bits_per_sample // 8)
    height = directory.size.height
    if (
        directory.is_tiled
        or (directory.compression, directory.predictor) != (1, 1)
        or len(directory.offsets) != planes
        or height <= _ROWS_OF_CUT_STRIPS
        or any(count < row_bytes * height for count in directory.byte_counts)
    ):
        return directory
    rows = _ROWS_OF_CUT_STRIPS
    tops = range(0, height, rows)
    return replace(
        directory,
        tile_size=SizePx(directory.size.width, rows),
        offsets=tuple(offset + top * row_bytes for offset in directory.offsets for top in tops),
        byte_counts=tuple(
            min(rows, height - top) * row_bytes for _ in directory.offsets for top in tops
        ),
    )
