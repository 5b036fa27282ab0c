# SPDX-License-Identifier: Apache-2.0
"""Label and macro within the XML: JPEG streams that become associated images.

A baseline stream of grey or colour is kept, but for a header that every decoder reads alike;
any other is decoded, so that it loses nothing a second time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.format import GREY_8, RGB_8
from dicomizer.slide import Coding, ColorSpace, Compression, SizePx, SlideImage

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.sources.philips.description import EmbeddedStream

_DECODABLE = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended sequential and progressive DCT, all with Huffman coding (T.81 B.1.1.3)."""
_LARGEST_SIDE = 0xFFFF
_MOST_PIXELS = 1 << 26


@dataclass(frozen=True, slots=True)
class EmbeddedImage:
    """An associated image and the stream that holds it.

    Parameters
    ----------
    stream
        Of the frame as it is yielded, or to be decoded where the image is uncompressed.
    """

    image: SlideImage
    stream: bytes = field(repr=False)

    def frame(self, file: Path) -> bytes:
        """Return the only frame, coded as the image's coding says.

        Raises
        ------
        CorruptSourceError
            The stream cannot be decoded.
        """
        if self.image.coding.compression is Compression.JPEG:
            return self.stream
        return _decoded(self.stream, self.image, file)


def read_embedded(embedded: EmbeddedStream) -> EmbeddedImage:
    """Describe a stream as an associated image.

    Raises
    ------
    JpegError
        It is no JPEG that can be an image of DICOM.
    """
    header = jpeg.read_header(embedded.stream)
    _check(header.frame)
    is_color = len(header.frame.sampling) == 3
    # Without a marker, decoders take three components for YCbCr.
    ycbcr = jpeg.decoder_takes_for_ycbcr(header.segments, header.frame) is not False
    stream, compression = embedded.stream, Compression.NONE
    color_space = ColorSpace.RGB if is_color else ColorSpace.MONOCHROME
    if header.frame.is_baseline:
        stream, compression = jpeg.join_strips([stream], (), ycbcr=ycbcr), Compression.JPEG
        color_space = ColorSpace.YCBCR if is_color and ycbcr else color_space
    size = SizePx(header.frame.width, header.frame.height)
    image = SlideImage(
        key=f"XML {embedded.flavor.value}",
        flavor=embedded.flavor,
        size=size,
        tile_size=size,
        coding=Coding(
            compression,
            color_space,
            lossy=True,
            coded_bytes=len(embedded.stream),
            method="ISO_10918_1",
        ),
        icc_profile=embedded.icc_profile if is_color else None,
        pixel_format=RGB_8 if is_color else GREY_8,
    )
    return EmbeddedImage(image, stream)


def _check(frame: jpeg.JpegFrame) -> None:
    if frame.process not in _DECODABLE or frame.precision != 8:
        raise jpeg.JpegError(f"JPEG process {frame.process - 0xC0} of {frame.precision} bits")
    if len(frame.sampling) not in (1, 3):
        raise jpeg.JpegError(f"{len(frame.sampling)} components, expected 1 or 3")
    sides = (frame.width, frame.height)
    if min(sides) < 1 or max(sides) > _LARGEST_SIDE or sides[0] * sides[1] > _MOST_PIXELS:
        raise jpeg.JpegError(f"{frame.width} x {frame.height} pixels")


def _decoded(stream: bytes, image: SlideImage, file: Path) -> bytes:
    """Return the pixels, (rows, columns, samples) uint8, RGB or grey."""
    import imagecodecs

    place = f"{image.flavor.value.lower()} in the XML"
    try:
        pixels = imagecodecs.jpeg8_decode(stream)
    except Exception as error:  # the decoder raises whatever broken data provokes
        raise CorruptSourceError(
            f"cannot be decoded: {error}", file=file, place=place, remedy="copy the file again"
        ) from error
    if pixels.nbytes != image.frame_bytes:
        raise CorruptSourceError(
            f"decoded to {pixels.shape}, expected {image.size}", file=file, place=place
        )
    return bytes(pixels.tobytes())
