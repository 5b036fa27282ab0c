# SPDX-License-Identifier: Apache-2.0
"""JPEG XL: JPEG streams made smaller without loss and given back, and headers read.

A stream is a codestream, or a container of boxes around one; the container also has what it takes
to give back the bytes of a JPEG stream.

References
----------
ISO/IEC 18181-1 (codestream), 18181-2 (container, jbrd box), PS3.5 8.2.15
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.codecs.errors import CodecError, EncodingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomizer.pixels.codecs.frame_shape import Pixels

_CODESTREAM = b"\xff\x0a"
_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_HEADER_BYTES = 64
_LOSSLESS_EFFORT = 1
"""Fifteen times the speed of the next effort, for 2 % more bytes."""
_LOSSY_EFFORT = 3
"""Effort 1 is half as fast again and its frames 9 % larger; effort 4 makes none smaller."""
_VISIBLE_SHIFT = 0.5
"""In levels, from which on rounding makes whole ones of it."""
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


@dataclass(frozen=True, slots=True)
class JpegXlHeader:
    """What the headers of size and image say.

    Parameters
    ----------
    bits
        Of a sample, before coding.
    xyb
        Whether the samples are coded in the XYB colour space.
    """

    rows: int
    columns: int
    bits: int
    xyb: bool


def encode(pixels: Pixels, distance: float | None) -> bytes:
    """Code an image.

    Parameters
    ----------
    pixels
        ``(rows, columns)`` or ``(rows, columns, 3)``, uint8 or uint16, contiguous.
    distance
        Butteraugli's, above 0; ``None`` for lossless.
    """
    import imagecodecs

    return bytes(
        imagecodecs.jpegxl_encode(
            pixels,
            lossless=distance is None,
            distance=distance or 0.0,
            effort=_LOSSLESS_EFFORT if distance is None else _LOSSY_EFFORT,
            bitspersample=8 * pixels.itemsize,
            numthreads=1,
        )
    )


def recompress(stream: bytes | memoryview) -> bytes:
    """Code a JPEG stream's coefficients anew, as JPEG XL from which it can be restored.

    Raises
    ------
    EncodingError
        The stream is none that JPEG XL can hold: not 8 bits, lossless, arithmetic, or broken; or
        one that a JPEG XL decoder would show in other colours.
    """
    import imagecodecs

    _check_brightness(stream)
    try:
        return bytes(imagecodecs.jpegxl_encode_jpeg(bytes(stream), usecontainer=True, numthreads=1))
    except (RuntimeError, ValueError) as error:
        raise EncodingError(
            f"JPEG XL cannot hold the JPEG stream: {error}", remedy="choose --codec keep"
        ) from error


def _check_brightness(stream: bytes | memoryview) -> None:
    """Refuse RGB of which libjxl would show the mean half a level or more too dark.

    To the DC coefficients of RGB it adds JPEG's level shift of 1024, rounded down to a multiple of
    the quantiser; an eighth of the rest is missing from each pixel.
    """
    try:
        header = jpeg.read_header(stream)
    except jpeg.JpegError:
        return  # libjxl refuses it, and says why
    if len(header.frame.sampling) != 3 or jpeg.decoder_takes_for_ycbcr(
        header.segments, header.frame
    ):
        return
    shift = max((1024 % step / 8 for step in jpeg.dc_quantisers(header.segments)), default=0)
    if shift >= _VISIBLE_SHIFT:
        raise EncodingError(
            f"JPEG XL decoders would show the RGB of the JPEG stream {shift:.1f} levels darker",
            remedy="choose --codec keep",
        )


def restore(stream: bytes | memoryview) -> bytes:
    """Return the JPEG stream that a stream was made of, the same to the byte.

    Raises
    ------
    CodecError
        The stream was not made of a JPEG stream, or is broken.
    """
    import imagecodecs

    if not is_recompressed(stream):
        raise CodecError("the JPEG XL stream was not made of a JPEG stream (it has no jbrd box)")
    try:
        return bytes(imagecodecs.jpegxl_decode_jpeg(bytes(stream), numthreads=1))
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"the JPEG stream cannot be restored: {error}") from error


def is_recompressed(stream: bytes | memoryview) -> bool:
    """Tell whether a stream has what it takes to give a JPEG stream back (the jbrd box)."""
    return any(kind == b"jbrd" for kind, _ in _boxes(bytes(stream)))


def read_header(stream: bytes | memoryview) -> JpegXlHeader:
    """Read size, bit depth and colour space.

    Raises
    ------
    CodecError
        No JPEG XL stream, or one with a preview, animation or extra channels, which DICOM has no
        use for.
    """
    bits = _Bits(_codestream(bytes(stream)))
    rows, columns = _size(bits)
    if bits.take(1):  # all_default: 8 bits, XYB, sRGB
        return JpegXlHeader(rows, columns, bits=8, xyb=True)
    if bits.take(1):  # extra_fields
        _skip_extra_fields(bits)
    depth = _bit_depth(bits)
    bits.take(1)  # modular_16bit_buffers
    if bits.take(2):  # num_extra_channels, 0 by its first selector
        raise CodecError("the JPEG XL stream has extra channels")
    return JpegXlHeader(rows, columns, depth, xyb=bool(bits.take(1)))


def _codestream(stream: bytes) -> bytes:
    """Return the first bytes of the codestream, out of its box if it is in one."""
    if stream.startswith(_CODESTREAM):
        return stream[2 : 2 + _HEADER_BYTES]
    for kind, content in _boxes(stream):
        data = {b"jxlc": content, b"jxlp": content[4:]}.get(kind, b"")
        if data.startswith(_CODESTREAM):
            return data[2 : 2 + _HEADER_BYTES]
    raise CodecError(f"found {stream[:4].hex() or 'nothing'}, expected JPEG XL (ff0a)")


def _boxes(stream: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and the first bytes of each box of a container."""
    position = len(_CONTAINER) if stream.startswith(_CONTAINER) else len(stream)
    while position + 8 <= len(stream):
        length, kind = struct.unpack_from(">I4s", stream, position)
        start = position + 8
        if length == 1 and position + 16 <= len(stream):
            (length,) = struct.unpack_from(">Q", stream, start)
            start += 8
        end = position + length if length else len(stream)
        if end < start:
            raise CodecError(f"the box at byte {position} has no valid length")
        yield kind, stream[start : min(end, start + 4 + 2 + _HEADER_BYTES)]
        position = end


class _Bits:
    """Reads numbers from the least significant bit on (18181-1 B.2)."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next ``count`` bits."""
        if count > self._left:
            raise CodecError("the JPEG XL stream breaks off in its header")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return value


def _size(bits: _Bits) -> tuple[int, int]:
    """Read rows and columns (18181-1 D.2)."""
    small = bits.take(1)
    rows = _length(bits, small=small)
    ratio = bits.take(3)
    if not ratio:
        return rows, _length(bits, small=small)
    numerator, denominator = _RATIOS[ratio - 1]
    return rows, rows * numerator // denominator


def _length(bits: _Bits, *, small: int) -> int:
    if small:
        return 8 * (1 + bits.take(5))
    return 1 + bits.take((9, 13, 18, 30)[bits.take(2)])


def _skip_extra_fields(bits: _Bits) -> None:
    """Skip the orientation and the size meant for display (18181-1 D.3)."""
    bits.take(3)
    if bits.take(1):
        _size(bits)
    if bits.take(2):
        raise CodecError("the JPEG XL stream has a preview or an animation")


def _bit_depth(bits: _Bits) -> int:
    if bits.take(1):
        raise CodecError("the JPEG XL stream has floating-point samples")
    selector = bits.take(2)
    return (8, 10, 12)[selector] if selector < 3 else 1 + bits.take(6)
