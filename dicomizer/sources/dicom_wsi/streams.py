# SPDX-License-Identifier: Apache-2.0
"""What the stream of a frame says of itself, whatever the attributes say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs import jpeg, jpeg2000, jpegls, jpegxl
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.slide import ColorSpace, Compression, SizePx

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """The header of a stream.

    Parameters
    ----------
    color_space
        ``None`` where the stream does not tell it.
    loses
        Whether its coding is one that loses; ``None`` where it may.
    """

    size: SizePx
    bits: int
    color_space: ColorSpace | None
    loses: bool | None


def read_stream_header(compression: Compression, stream: bytes) -> StreamHeader | None:
    """Read the header of a stream, or of its beginning; ``None`` for codings without one.

    Raises
    ------
    CodecError
        The stream is not what its compression says.
    """
    read = _READERS.get(compression)
    return read(stream) if read else None


def _jpeg(stream: bytes) -> StreamHeader:
    try:
        header = jpeg.read_header(stream)
    except jpeg.JpegError as error:
        raise CodecError(str(error)) from error
    frame = header.frame
    return StreamHeader(
        size=SizePx(frame.width, frame.height),
        bits=frame.precision,
        color_space=_of_markers(header),
        loses=frame.process not in _LOSSLESS_PROCESSES,
    )


_LOSSLESS_PROCESSES = (0xC3, 0xC7, 0xCB, 0xCF)
"""Last bytes of the markers of lossless processes (T.81 Table B.1)."""


def _of_markers(header: jpeg.JpegHeader) -> ColorSpace | None:
    """Return what the markers say of three components."""
    told = jpeg.colors_told(header)
    if told is None:
        return None
    return ColorSpace.YCBCR if told else ColorSpace.RGB


def _jpeg_2000(stream: bytes) -> StreamHeader:
    header = jpeg2000.read_codestream_header(stream)
    transform = ColorSpace.RCT if header.reversible else ColorSpace.ICT
    return StreamHeader(
        size=SizePx(header.width, header.height),
        bits=header.components[0].bits,
        color_space=transform if header.component_transform else None,
        # With the reversible wavelet, bit planes may still have been left out.
        loses=None if header.reversible else True,
    )


def _jpeg_ls(stream: bytes) -> StreamHeader:
    header = jpegls.read_header(stream)
    return StreamHeader(SizePx(header.columns, header.rows), header.bits, None, header.near > 0)


def _jpeg_xl(stream: bytes) -> StreamHeader:
    header = jpegxl.read_header(stream)
    color_space = ColorSpace.XYB if header.xyb else None
    loses = True if header.xyb else None
    return StreamHeader(SizePx(header.columns, header.rows), header.bits, color_space, loses)


_READERS: dict[Compression, Callable[[bytes], StreamHeader]] = {
    Compression.JPEG: _jpeg,
    Compression.JPEG_2000: _jpeg_2000,
    Compression.HTJ2K: _jpeg_2000,
    Compression.JPEG_LS: _jpeg_ls,
    Compression.JPEG_XL: _jpeg_xl,
    Compression.JPEG_XL_OF_JPEG: _jpeg_xl,
}
