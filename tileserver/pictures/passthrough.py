# SPDX-License-Identifier: Apache-2.0
"""Stored frames that are already the picture asked for: sent as they are, never decoded.

References
----------
ITU-T T.81 (baseline), T.872 (JFIF and Adobe markers: how browsers know the colours)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.jpeg import JpegError, decoder_takes_for_ycbcr, read_header
from tileserver.pictures.geometry import Size
from tileserver.services.render.places import Area

if TYPE_CHECKING:
    from collections.abc import Callable

    from tileserver.index import StoredInstance
    from tileserver.pictures.geometry import Box
    from tileserver.services.render import Level, Pyramid, StoredImage

    ReadFrame = Callable[[StoredInstance, int], bytes | None]
    """Gives a stored frame by its number; ``None`` where it cannot be had in the way asked for."""

_JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
_IS_YCBCR = {"YBR_FULL_422": True, "YBR_FULL": True, "RGB": False}


def whole_frame(pyramid: Pyramid, box: Box, size: Size, read: ReadFrame) -> bytes | None:
    """Return the stored JPEG that shows a box of a pyramid's finest level, if one does."""
    if box.width % size.width or box.height % size.height:
        return None
    scale = int(box.width // size.width)
    if scale != box.height // size.height or box.x % scale or box.y % scale:
        return None
    base = Size(pyramid.base.columns, pyramid.base.rows)
    for level in pyramid.levels:
        if is_reduced_by(base, Size(level.columns, level.rows), scale):
            return _frame_at(read, level, int(box.x // scale), int(box.y // scale), size)
    return None


def is_reduced_by(base: Size, level: Size, scale: int) -> bool:
    """Tell whether a level is another one reduced by a whole number, but for its last pixels."""
    return all(
        whole // scale <= part <= -(-whole // scale)
        for whole, part in ((base.width, level.width), (base.height, level.height))
    )


def _frame_at(read: ReadFrame, level: Level, left: int, top: int, size: Size) -> bytes | None:
    area = Area(left, top, left + size.width, top + size.height)
    if area.right > level.columns or area.bottom > level.rows:
        return None
    path = level.paths[0].identifier
    found = [
        (image, place)
        for image, layer in level.layer(path, None)
        for place in image.layout.places.within(layer, area)
    ]
    if len(found) != 1:
        return None
    ((image, place),) = found
    frame = Size(image.pixels.columns, image.pixels.rows)
    if (place.left, place.top, frame) != (left, top, size):
        return None
    return browser_jpeg(read, image, place.frame_index + 1)


def browser_jpeg(read: ReadFrame, image: StoredImage, frame_number: int) -> bytes | None:
    """Return a stored frame, if it is a picture in colours that every browser reads alike."""
    pixels = image.pixels
    is_ycbcr = _IS_YCBCR.get(pixels.photometric_interpretation)
    if image.found.transfer_syntax_uid != _JPEG_BASELINE or pixels.samples != 3 or is_ycbcr is None:
        return None
    stream = read(image.found, frame_number)
    if stream is None:
        return None
    try:
        header = read_header(stream)
    except JpegError:
        return None
    frame = header.frame
    is_alike = (
        frame.is_baseline
        and (frame.width, frame.height) == (pixels.columns, pixels.rows)
        and decoder_takes_for_ycbcr(header.segments, frame) is is_ycbcr
    )
    return stream if is_alike else None
