# SPDX-License-Identifier: Apache-2.0
"""Barcodes on the label of a slide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.errors import CorruptSourceError, MetadataError
from dicomizer.pixels.codecs.decode import decode
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.planning.coding import stored_transfer_syntax
from dicomizer.slide import Flavor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.slide import SlideImage
    from dicomizer.sources.base import SlideSource

_MOST_PIXELS = 64 << 20
"""Of a label: none is nearly as large."""


@dataclass(frozen=True, slots=True)
class Barcode:
    """What a barcode says, and of which kind it is."""

    format: str
    text: str


def read_barcodes(source: SlideSource, formats: Sequence[str]) -> list[Barcode]:
    """Return the barcodes on the label; on the overview where there is none.

    Raises
    ------
    MetadataError
        A format is none that the library knows.
    SourceError
        The picture cannot be read.
    """
    import zxingcpp

    try:
        wanted = zxingcpp.barcode_formats_from_str(",".join(formats))
    except (ValueError, AttributeError) as error:
        raise MetadataError(
            f"found {', '.join(formats)}, expected kinds of barcodes such as Code128",
            place="barcode.formats",
        ) from error
    found: dict[Barcode, None] = {}
    for image in _labels(source):
        pixels = _pixels(source, image)
        for item in zxingcpp.read_barcodes(pixels, formats=wanted):
            found[Barcode(str(item.format).rpartition(".")[2], item.text.strip())] = None
    return list(found)


def _labels(source: SlideSource) -> Iterator[SlideImage]:
    images = [image for image in source.slide.images if image.flavor is Flavor.LABEL]
    overviews = [image for image in source.slide.images if image.flavor is Flavor.OVERVIEW]
    for image in images or overviews:
        if image.size.width * image.size.height <= _MOST_PIXELS:
            yield image


def _pixels(source: SlideSource, image: SlideImage) -> Pixels:
    """Return (rows, columns, 3) or (rows, columns), uint8."""
    size, tile = image.size, image.tile_size
    syntax = stored_transfer_syntax(image)
    canvas = np.full(
        (image.grid.height * tile.height, image.grid.width * tile.width, 3), 255, np.uint8
    )
    wanted = [index for index in range(image.number_of_tiles) if index not in image.missing]
    indices = iter(wanted)
    for batch in source.frames(image, wanted):
        for frame in batch:
            row, column = divmod(next(indices), image.grid.width)
            try:
                pixels = decode(
                    b"".join(frame),
                    syntax,
                    image.pixel_format,
                    rows=tile.height,
                    columns=tile.width,
                )
            except CodecError as error:
                raise CorruptSourceError(
                    error.problem, file=source.slide.path, place=image.key
                ) from error
            top, left = row * tile.height, column * tile.width
            canvas[top : top + tile.height, left : left + tile.width] = pixels
    return np.ascontiguousarray(canvas[: size.height, : size.width])
