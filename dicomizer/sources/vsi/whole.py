# SPDX-License-Identifier: Apache-2.0
"""A label or an overview, kept as a pyramid of tiles, as one frame of decoded pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs.decode import decode
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.slide import ColorSpace, Compression, Flavor, SlideImage
from dicomizer.sources.base import Refusal

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.sources.vsi.stack import Stack

_MOST_PIXELS = 1 << 24
_SYNTAXES = {
    Compression.NONE: TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN,
    Compression.JPEG: TransferSyntax.JPEG_BASELINE,
    Compression.JPEG_2000: TransferSyntax.JPEG_2000,
}


def whole_image(stack: Stack, flavor: Flavor) -> SlideImage:
    """Describe the finest level that can be held as one frame.

    Raises
    ------
    Refusal
        There is none, or it has several planes or paths.
    """
    for level in stack.levels:
        if level.size.width * level.size.height <= _MOST_PIXELS:
            break
    else:
        raise Refusal(f"no level of stack {stack.image.number} is small")
    if level.planes * level.paths > 1:
        raise Refusal(f"stack {stack.image.number} has several planes or paths")
    grey = level.pixel_format.samples == 1
    coding = replace(
        level.coding,
        compression=Compression.NONE,
        color_space=ColorSpace.MONOCHROME if grey else ColorSpace.RGB,
    )
    return replace(level, flavor=flavor, tile_size=level.size, coding=coding, missing=frozenset())


def whole_pixels(stack: Stack, image: SlideImage, path: Path) -> bytes:
    """Return the pixels of that level; tiles that are not stored are black.

    Raises
    ------
    CorruptSourceError
        A tile is damaged.
    """
    import numpy as np

    number = next(i for i, level in enumerate(stack.levels) if level.key == image.key)
    level = stack.levels[number]
    tile, columns = level.tile_size, level.grid.width
    canvas = np.zeros(
        (level.grid.height * tile.height, columns * tile.width, level.pixel_format.samples),
        level.pixel_format.dtype,
    )
    frames = (frame for batch in stack.frames(number, None) for frame in batch)
    for index, frame in enumerate(frames):
        if not frame:
            continue
        row, column = divmod(index, columns)
        y, x = row * tile.height, column * tile.width
        try:
            canvas[y : y + tile.height, x : x + tile.width] = decode(
                b"".join(frame),
                _SYNTAXES[level.coding.compression],
                level.pixel_format,
                rows=tile.height,
                columns=tile.width,
            )
        except CodecError as error:
            raise CorruptSourceError(
                error.problem, file=path, place=f"{image.key}, frame {index}"
            ) from error
    return canvas[: level.size.height, : level.size.width].tobytes()
