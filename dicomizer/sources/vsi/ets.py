# SPDX-License-Identifier: Apache-2.0
"""The container of tiles that cellSens writes beside a .vsi file: frame_t_0.ets.

A header names the table of tiles; a second one tells what a pixel and a tile are. Each tile has
coordinates: column, row, one for each further dimension, and the level of the pyramid last.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.slide import SizePx

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_FILE = struct.Struct("<4s3IQ2IQ2I")
_PIXELS = struct.Struct("<4s9I")
_HAS_LEVELS, _ORIGIN, _EXTENTS = 152, 172, 184
"""Offsets in the second header."""
_SECOND_HEADER = 64 << 10
_MOST_DIMENSIONS = 8
_MOST_TILES = 1 << 23
_LARGEST_TILE = 1 << 26
"""Pixels, 8192 x 8192: a tile is held whole."""
_LARGEST_TILE_SIDE = 0xFFFF
"""That of a frame of DICOM; what is beyond it is no size at all."""
_LARGEST_SIDE = 1 << 24


class TileCoding(Enum):
    """How a tile is coded."""

    PLAIN = 0
    JPEG = 2
    JPEG_2000 = 3
    PNG = 8
    BMP = 9


@dataclass(frozen=True, slots=True)
class EtsFile:
    """What the headers tell, and the table.

    Parameters
    ----------
    pixel_type
        2 for 8 and 4 for 16 bits unsigned.
    samples
        Of a pixel.
    size
        Of the finest level.
    extents
        Of each dimension behind column and row.
    coordinates
        (tiles, dimensions), int32.
    offsets, byte_counts
        (tiles,), int64.
    """

    path: Path
    pixel_type: int
    samples: int
    coding: int
    tile_size: SizePx
    size: SizePx
    extents: tuple[int, ...]
    has_levels: bool
    coordinates: NDArray[np.int32] = field(repr=False)
    offsets: NDArray[np.int64] = field(repr=False)
    byte_counts: NDArray[np.int64] = field(repr=False)


def read_ets(path: Path) -> EtsFile:
    """Read headers and table.

    Raises
    ------
    CorruptSourceError
        They contradict one another or the length of the file.
    SourceError
        Tiles are larger than can be read.
    """
    try:
        return _read(path)
    except (struct.error, ValueError, OverflowError) as error:
        raise CorruptSourceError(
            f"the headers cannot be read: {error}",
            file=path,
            remedy="the file is damaged; copy it again",
        ) from error


def _read(path: Path) -> EtsFile:
    with path.open("rb") as file:
        length = file.seek(0, 2)
        file.seek(0)
        head = _FILE.unpack(file.read(_FILE.size))
        signature, _, _, dimensions, second, second_length, _, table, tiles, _ = head
        _check(signature == b"SIS\0", f"found {signature!r}, expected SIS")
        _check(3 <= dimensions <= _MOST_DIMENSIONS, f"found {dimensions} coordinates of a tile")
        record = 20 + 4 * dimensions
        _check(0 < tiles <= _MOST_TILES, f"found {tiles} tiles")
        _check(table + tiles * record <= length, "the table of tiles ends behind the file")
        _check(second < length, "the second header begins behind the file")
        file.seek(second)
        pixels = file.read(min(second_length, _SECOND_HEADER))
        file.seek(table)
        records = file.read(tiles * record)
    return _described(path, pixels, _table(records, dimensions, length))


def _table(
    records: bytes, dimensions: int, length: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    import numpy as np

    layout = np.dtype(
        [
            ("", "<u4"),
            ("coordinates", "<i4", (dimensions,)),
            ("offset", "<u8"),
            ("length", "<u4"),
            ("", "<u4"),
        ]
    )
    table = np.frombuffer(records, layout)
    ends = table["offset"].astype(np.float64) + table["length"]
    _check(bool((ends <= length).all()), "a tile ends behind the file")
    _check(bool((table["coordinates"] >= 0).all()), "a tile has negative coordinates")
    return (
        table["coordinates"].astype(np.int32),
        table["offset"].astype(np.int64),
        table["length"].astype(np.int64),
    )


def _described(
    path: Path,
    header: bytes,
    table: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]],
) -> EtsFile:
    signature, _, pixel_type, samples, _, coding, _, width, height, depth = _PIXELS.unpack_from(
        header
    )
    _check(signature == b"ETS\0", f"found {signature!r}, expected ETS")
    _check(
        0 < width <= _LARGEST_TILE_SIDE and 0 < height <= _LARGEST_TILE_SIDE,
        f"a tile is {width} x {height} pixels",
    )
    if width * height > _LARGEST_TILE:
        raise SourceError(
            f"its tiles are {width} x {height} pixels, expected at most {_LARGEST_TILE:,} pixels",
            file=path,
            remedy="save it with smaller tiles; if it never had such, copy it again",
        )
    _check(depth == 1, f"a tile has {depth} planes, expected 1")
    count = table[0].shape[1] - 1
    (stated,) = struct.unpack_from("<I", header, _EXTENTS)
    _check(stated == count, f"found {stated} extents, expected {count}")
    right, bottom, *extents = struct.unpack_from(f"<{count}I", header, _EXTENTS + 4)
    left, top = struct.unpack_from("<2i", header, _ORIGIN)
    size = SizePx(right - left, bottom - top)
    _check(
        0 < size.width <= _LARGEST_SIDE and 0 < size.height <= _LARGEST_SIDE,
        f"the image is {size} pixels",
    )
    return EtsFile(
        path,
        pixel_type,
        samples,
        coding,
        SizePx(width, height),
        size,
        tuple(extents),
        bool(struct.unpack_from("<I", header, _HAS_LEVELS)[0]),
        *table,
    )


def _check(holds: bool, problem: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise ValueError(problem)
