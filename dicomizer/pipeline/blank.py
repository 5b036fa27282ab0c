# SPDX-License-Identifier: Apache-2.0
"""Frames of nothing but background, for readers that know only complete tilings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.pixels.codecs.errors import CodecError

if TYPE_CHECKING:
    from dicomizer.pixels.format import PixelFormat
    from dicomizer.planning import InstancePlan

_BY_SYNTAX = {
    TransferSyntax.JPEG_BASELINE: (Codec.JPEG, None),
    TransferSyntax.JPEG_XL_RECOMPRESSION: (Codec.JPEG, None),
    TransferSyntax.JPEG_2000_LOSSLESS: (Codec.JPEG_2000, None),
    TransferSyntax.JPEG_2000: (Codec.JPEG_2000, 90),
    TransferSyntax.HTJ2K_LOSSLESS: (Codec.HTJ2K, None),
    TransferSyntax.HTJ2K: (Codec.HTJ2K, 90),
    TransferSyntax.JPEG_LS_LOSSLESS: (Codec.JPEG_LS, None),
    TransferSyntax.JPEG_LS_NEAR_LOSSLESS: (Codec.JPEG_LS, 90),
    TransferSyntax.JPEG_XL_LOSSLESS: (Codec.JPEG_XL, None),
    TransferSyntax.JPEG_XL: (Codec.JPEG_XL, 90),
    TransferSyntax.RLE_LOSSLESS: (Codec.RLE, None),
    TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN: (Codec.NONE, None),
}


def background(pixel_format: PixelFormat) -> int:
    """Return the value of a sample where nothing was scanned: empty glass, or no light."""
    return 255 if pixel_format.samples == 3 else 0


def blank_frame(instance: InstancePlan) -> bytes:
    """Return a frame of background, coded as the others of the instance.

    Raises
    ------
    CodecError
        No encoder writes these colours in this transfer syntax.
    """
    image = instance.image
    shape = (image.tile_size.height, image.tile_size.width, image.pixel_format.samples)
    pixels = np.full(shape, background(image.pixel_format), dtype=image.pixel_format.dtype)
    syntax = instance.transfer_syntax
    codec, quality = _BY_SYNTAX[syntax]
    if codec is Codec.JPEG and instance.photometric_interpretation == "RGB":
        frame = _rgb_jpeg(pixels)
    else:
        made = encoder(codec, image.pixel_format, quality)
        if made.photometric_interpretation != instance.photometric_interpretation:
            raise CodecError(
                f"no background frames can be made as {instance.photometric_interpretation}",
                place=instance.file_name,
                remedy="leave out --fill-missing, or choose another --codec",
            )
        frame = made.encode(pixels)
    if syntax is not TransferSyntax.JPEG_XL_RECOMPRESSION:
        return frame
    from dicomizer.pixels.codecs.jpegxl import recompress

    return recompress(frame)


def _rgb_jpeg(pixels: np.ndarray) -> bytes:
    """Return a JPEG stream without colour transform, as an Adobe marker in it says."""
    import imagecodecs

    return bytes(imagecodecs.jpeg8_encode(pixels, 90, colorspace="rgb", outcolorspace="rgb"))
