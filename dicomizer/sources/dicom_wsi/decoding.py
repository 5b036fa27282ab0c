# SPDX-License-Identifier: Apache-2.0
"""Frames that cannot be passed through, or are parts of a label, decoded to plain pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.stored_frames import PixelDescription, decode_stored
from dicomizer.slide import ColorSpace

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    from dicomizer.slide import SizePx
    from dicomizer.sources.dicom_wsi.coding import StoredPixels

    Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]

_PHOTOMETRIC = {ColorSpace.MONOCHROME: "MONOCHROME2", ColorSpace.YCBCR: "YBR_FULL"}
"""As decoders are told it: RGB for all else, since the stream itself says how to undo it."""


def decode_frame(frame: bytes, stored: StoredPixels, tile: SizePx) -> Pixels:
    """Return the pixels of a frame.

    Returns
    -------
    pixels
        ``(rows, columns, samples)``, uint8 or uint16 as the pixel format says.

    Raises
    ------
    CodecError
        The frame cannot be decoded, or has another shape.
    """
    pixels = decode_stored(frame, _description(stored, tile))
    dtype = stored.pixel_format.dtype
    if pixels.dtype.itemsize > np.dtype(dtype).itemsize and stored.stream_size is not None:
        raise CodecError(f"found {pixels.dtype}, expected {dtype}")
    if stored.is_inverted:
        pixels = ((1 << stored.pixel_format.bits) - 1) - pixels
    return np.ascontiguousarray(pixels, dtype=dtype)


def _description(stored: StoredPixels, tile: SizePx) -> PixelDescription:
    bits = stored.pixel_format.bits
    return PixelDescription(
        transfer_syntax_uid=stored.transfer_syntax_uid,
        rows=tile.height,
        columns=tile.width,
        samples=stored.pixel_format.samples,
        photometric_interpretation=_PHOTOMETRIC.get(stored.color_space, "RGB"),
        bits_allocated=stored.bits_allocated,
        bits_stored=bits,
        high_bit=bits - 1,
        is_planar=stored.is_planar,
    )
