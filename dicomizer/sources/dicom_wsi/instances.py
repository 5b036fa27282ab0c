# SPDX-License-Identifier: Apache-2.0
"""One instance, whole again: the parts of a concatenation are merged, its frames placed.

References
----------
PS3.3 C.7.6.16.1.1 and C.7.6.16.2.2.4 (concatenations), C.8.12.4.1.1 (Image Type)
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.dicom.schema.read_values import text, values, whole
from dicomizer.slide import Flavor, SizePx
from dicomizer.sources.dicom_wsi.coding import StoredPixels, read_stored_pixels
from dicomizer.sources.dicom_wsi.optics import total_pixel_matrix
from dicomizer.sources.dicom_wsi.places import Layer, PlacesError, layers
from dicomizer.sources.dicom_wsi.stored import StoredFrames, locate_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from dicomizer.sources.dicom_wsi.series import WsiFile

_LARGEST_SIZE = (1 << 31) - 1
_LARGEST_FRAME = 1 << 27
"""Bytes of an uncompressed frame: 128 MiB, a label photographed with 40 megapixels."""
_BEGINNING = 1 << 20
"""Bytes of the first frame that tell how all are coded; a colour profile may be among them."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance, or all parts of one.

    Parameters
    ----------
    parts
        The files, whose frames are counted on from one to the next.
    layers
        Of those frames.
    """

    parts: tuple[StoredFrames, ...]
    flavor: Flavor
    size: SizePx
    tile_size: SizePx
    pixels: StoredPixels
    layers: tuple[Layer, ...]

    @property
    def file(self) -> WsiFile:
        """The file that speaks for all."""
        return self.parts[0].file

    @property
    def dataset(self) -> Dataset:
        """The attributes that all parts share."""
        return self.file.dataset

    @property
    def pyramid_uid(self) -> str | None:
        """The pyramid that it says to be a level of."""
        return text(self.dataset, "PyramidUID")


def group_concatenations(files: Sequence[WsiFile]) -> list[list[WsiFile]]:
    """Return the files of each instance, parts of a concatenation in their order."""
    groups: dict[object, list[WsiFile]] = {}
    for file in files:
        key = text(file.dataset, "ConcatenationUID") or file.path
        groups.setdefault(key, []).append(file)
    return [
        sorted(group, key=lambda file: whole(file.dataset, "InConcatenationNumber") or 0)
        for group in groups.values()
    ]


def flavor_of(dataset: Dataset) -> Flavor | None:
    """Return what an instance shows, also where Image Type is misspelt."""
    told = [str(value) for value in values(dataset, "ImageType")][2:3]
    known = [flavor.value for flavor in Flavor]
    close = difflib.get_close_matches("".join(told), known, n=1, cutoff=0.7)
    return Flavor(close[0]) if close else None


def read_instance(files: Sequence[WsiFile], flavor: Flavor) -> Instance:
    """Read the structure of an instance.

    Parameters
    ----------
    files
        Its parts, in order; one file where it is no concatenation.

    Raises
    ------
    CorruptSourceError
        Attributes contradict each other, or the frames.
    SourceError
        Its pixels are of a kind that is not read.
    """
    first = files[0]
    size, tile_size = _sizes(first)
    frame_bytes = _frame_bytes(first, tile_size)
    parts = tuple(locate_frames(file, frame_bytes) for file in files)
    pixels = read_stored_pixels(first, _first_frame(parts[0]))
    grid = SizePx(-(-size.width // tile_size.width), -(-size.height // tile_size.height))
    try:
        positions = [file.positions for file in files if file.positions is not None]
        placed = layers(first.dataset, _numbers(parts), positions, grid, tile_size)
    except PlacesError as error:
        raise first.corrupt(str(error), "frames") from error
    return Instance(parts, flavor, size, tile_size, pixels, tuple(placed))


def _sizes(file: WsiFile) -> tuple[SizePx, SizePx]:
    size = SizePx(*total_pixel_matrix(file.dataset))
    columns, rows = whole(file.dataset, "Columns"), whole(file.dataset, "Rows")
    if not columns or not rows or not (0 < columns <= 0xFFFF and 0 < rows <= 0xFFFF):
        raise file.corrupt(f"found frames of {columns} x {rows}", "Rows and Columns")
    if min(size.width, size.height) < 1 or max(size.width, size.height) > _LARGEST_SIZE:
        raise file.corrupt(f"found an image of {size}", "Total Pixel Matrix")
    return size, SizePx(columns, rows)


def _frame_bytes(file: WsiFile, tile: SizePx) -> int:
    samples = whole(file.dataset, "SamplesPerPixel") or 1
    found = tile.width * tile.height * samples * ((whole(file.dataset, "BitsAllocated") or 8) // 8)
    if not 0 < found <= _LARGEST_FRAME:
        raise file.corrupt(
            f"found frames of {tile} pixels, {found:,} bytes, expected at most {_LARGEST_FRAME:,}",
            "Rows and Columns",
        )
    return found


def _first_frame(part: StoredFrames) -> bytes:
    offset, length = part.span(0)
    with part.file.path.open("rb") as opened:
        opened.seek(offset)
        span = opened.read(min(length, _BEGINNING))
    return bytes(part.join(0, memoryview(span)))


def _numbers(parts: Sequence[StoredFrames]) -> NDArray[np.int32]:
    """Return the place of each frame in the order of the whole instance."""
    counts = [len(part.index) for part in parts]
    counted = [sum(counts[:number]) for number in range(len(parts))]
    told = [whole(part.file.dataset, "ConcatenationFrameOffsetNumber") for part in parts]
    starts = [
        start if start is not None else other for start, other in zip(told, counted, strict=True)
    ]
    ends = [start + count for start, count in zip(starts, counts, strict=True)]
    following = [*starts[1:], _LARGEST_SIZE]
    is_sound = starts[0] >= 0 and all(a <= b for a, b in zip(ends, following, strict=True))
    if not is_sound:
        raise parts[0].file.corrupt(
            f"found parts of {counts} frames from {starts} on", "Concatenation Frame Offset Number"
        )
    ranges = zip(starts, ends, strict=True)
    return np.concatenate([np.arange(start, end, dtype=np.int32) for start, end in ranges])
