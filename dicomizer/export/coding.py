# SPDX-License-Identifier: Apache-2.0
"""How TIFF names the coding of tiles, and encoders for tiles that cannot be kept.

References
----------
TIFF Revision 6.0 sections 14 (predictor) and 21 (YCbCr); Adobe Photoshop TIFF Technical Notes
(JPEG, compression 7; Deflate, compression 8). JPEG 2000 has no number that all readers know: for
colour that of Aperio's RGB (33005), which libvips, Bio-Formats and tifffile read; for grey, which
Aperio has not, the one without a vendor (34712).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.export.options import ExportCodec
from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.slide import ColorSpace, Compression

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.pixels.format import PixelFormat
    from dicomizer.slide import SlideImage

APERIO_RGB = 33005
_NONE, _JPEG, _DEFLATE, _JPEG_2000 = 1, 7, 8, 34712
_BLACK_IS_ZERO, _RGB, _YCBCR = 1, 2, 6
_DEFLATE_LEVEL = 4
_JPEGS = (Compression.JPEG, Compression.JPEG_XL_OF_JPEG)
_SUBSAMPLINGS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class TiffCoding:
    """What a directory says of its tiles.

    Parameters
    ----------
    subsampling
        Of chroma, horizontally first; ``None`` for other than YCbCr.
    is_predicted
        Whether samples are differences from those to the left.
    """

    compression: int
    photometric: int
    subsampling: tuple[int, int] | None = None
    is_predicted: bool = False


@dataclass(frozen=True, slots=True)
class TileEncoder:
    """What codes tiles, and how TIFF names it."""

    coding: TiffCoding
    encode: Callable[[Pixels], bytes]


def is_jpeg(image: SlideImage) -> bool:
    """Tell whether the frames of an image are JPEG streams, or give such back."""
    return image.coding.compression in _JPEGS


def kept_coding(image: SlideImage, first_frame: bytes) -> TiffCoding | str:
    """Return the coding of frames kept as they are, or why TIFF cannot hold them.

    Parameters
    ----------
    first_frame
        For what TIFF tells of a JPEG stream; empty where all are missing.
    """
    compression, is_grey = image.coding.compression, image.pixel_format.samples == 1
    plain = _BLACK_IS_ZERO if is_grey else _RGB
    if is_jpeg(image):
        return _kept_jpeg(image, first_frame, plain)
    if compression is Compression.JPEG_2000:
        return TiffCoding(_JPEG_2000 if is_grey else APERIO_RGB, plain)
    if compression is Compression.NONE:
        return TiffCoding(_NONE, plain)
    return f"TIFF has no {compression.value}"


def _kept_jpeg(image: SlideImage, first_frame: bytes, plain: int) -> TiffCoding | str:
    if not first_frame:
        return "it has no frame"
    sampling = [factors for _, *factors in jpeg.read_header(first_frame).frame.sampling]
    if len(sampling) == 1:
        return TiffCoding(_JPEG, plain)
    is_ycbcr = image.coding.color_space is ColorSpace.YCBCR
    luma, *chroma = sampling
    is_known = set(luma) <= set(_SUBSAMPLINGS) and all(item == [1, 1] for item in chroma)
    if not is_known or (not is_ycbcr and luma != [1, 1]):
        return f"TIFF has no word for sampling factors {sampling}"
    if is_ycbcr:
        return TiffCoding(_JPEG, _YCBCR, (luma[0], luma[1]))
    return TiffCoding(_JPEG, plain)


def tile_encoder(codec: ExportCodec, pixel_format: PixelFormat, quality: int | None) -> TileEncoder:
    """Return what codes tiles anew.

    Raises
    ------
    CodecError
        The codec does not know pixels of that format.
    """
    is_grey = pixel_format.samples == 1
    plain = _BLACK_IS_ZERO if is_grey else _RGB
    if codec is ExportCodec.JPEG:
        encode = encoder(Codec.JPEG, pixel_format, quality).encode
        return TileEncoder(_coding_of(encode, plain, pixel_format), encode)
    if codec is ExportCodec.JPEG_2000:
        encode = encoder(Codec.JPEG_2000, pixel_format, quality).encode
        return TileEncoder(TiffCoding(_JPEG_2000 if is_grey else APERIO_RGB, plain), encode)
    if codec is ExportCodec.NONE:
        return TileEncoder(TiffCoding(_NONE, plain), _little_endian)
    return TileEncoder(TiffCoding(_DEFLATE, plain, is_predicted=True), _deflated)


def _coding_of(
    encode: Callable[[Pixels], bytes], plain: int, pixel_format: PixelFormat
) -> TiffCoding:
    """Return what TIFF says of our encoder's JPEG, of which a small picture tells."""
    if pixel_format.samples == 1:
        return TiffCoding(_JPEG, plain)
    stream = encode(np.zeros((16, 16, pixel_format.samples), np.uint8))
    _, horizontal, vertical = jpeg.read_header(stream).frame.sampling[0]
    return TiffCoding(_JPEG, _YCBCR, (horizontal, vertical))


def _little_endian(pixels: Pixels) -> bytes:
    return pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()


def _deflated(pixels: Pixels) -> bytes:
    """Return a zlib stream of differences between neighbouring columns."""
    import imagecodecs

    differences = pixels.copy()
    np.subtract(pixels[:, 1:], pixels[:, :-1], out=differences[:, 1:])
    return bytes(imagecodecs.deflate_encode(_little_endian(differences), level=_DEFLATE_LEVEL))
