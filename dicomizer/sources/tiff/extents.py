# SPDX-License-Identifier: Apache-2.0
"""Whether the tiles of a directory are as many as it needs, and within the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.sources.tiff.directory import TiffDirectory


def check_extents(directory: TiffDirectory, file_size: int, path: Path) -> None:
    """Check a directory against the size of its file; a tile of no bytes is a missing one.

    Raises
    ------
    CorruptSourceError
        The image has no pixels, there are too few tiles, or one ends behind the file.
    """
    if directory.size.width < 1 or directory.size.height < 1:
        raise CorruptSourceError(
            f"the image is {directory.size} pixels", file=path, place=directory.place
        )
    expected = directory.grid.width * directory.grid.height
    if directory.planar_configuration == 2:
        expected *= directory.samples_per_pixel
    found = len(directory.offsets)
    if found != len(directory.byte_counts) or found < expected:
        raise CorruptSourceError(
            f"found {found} tiles, expected {expected}", file=path, place=directory.place
        )
    for number, (offset, length) in enumerate(
        zip(directory.offsets, directory.byte_counts, strict=True)
    ):
        if offset + length > file_size and offset and length:
            raise CorruptSourceError(
                f"tile {number} ends at byte {offset + length}, the file at byte {file_size}",
                file=path,
                place=directory.place,
                remedy="the file is cut short; copy it again",
            )
