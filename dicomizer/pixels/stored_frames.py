# SPDX-License-Identifier: Apache-2.0
"""A stored frame of any transfer syntax that the codecs know, to pixels.

The one place where what attributes say of pixels meets what their coding says. What comes out is
grey or palette values as stored, signed where they are, or RGB; rescaling, windows and palettes
are for whoever shows them. One call with plain arguments, so that it can run in another process.

Where attributes and stream contradict each other, the stream is believed: its markers say how it
was made, and most readers obey them. Photometric Interpretation decides for JPEG without a JFIF
or Adobe marker.

References
----------
PS3.3 C.7.6.3 (Image Pixel), PS3.5 8.1, 8.2 and A.4
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.dicom.part10 import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.format import PixelFormat

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.pixels.codecs.frame_shape import Stream
    from dicomizer.pixels.codecs.jpeg import JpegHeader

    Samples: TypeAlias = NDArray[np.integer[Any]]

_SIMPLE_SAMPLES = 1 << 26
"""Of a JPEG frame that is simple: 22 megapixels in colours, a fifth of a second."""
_HEAD_LIMIT = 1 << 16
"""Bytes of a JPEG header that is remembered."""
_SCAN = b"\xff\xda"
_YBR_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))
"""PS3.3 C.7.6.3.1.2, the inverse of YBR_FULL."""

_NATIVE = frozenset(
    (
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
        TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN.value,
        "1.2.840.10008.1.2.1.99",  # deflated, whose frames are had inflated
    )
)
_JPEG = frozenset(
    (
        TransferSyntax.JPEG_BASELINE.value,
        "1.2.840.10008.1.2.4.51",  # extended, up to 12 bits
        "1.2.840.10008.1.2.4.57",  # lossless
        "1.2.840.10008.1.2.4.70",  # lossless, first predictor
    )
)
_JPEG_2000 = frozenset(
    syntax.value
    for syntax in (
        TransferSyntax.JPEG_2000_LOSSLESS,
        TransferSyntax.JPEG_2000,
        TransferSyntax.HTJ2K_LOSSLESS,
        TransferSyntax.HTJ2K_LOSSLESS_RPCL,
        TransferSyntax.HTJ2K,
    )
)
_JPEG_LS = frozenset(
    (TransferSyntax.JPEG_LS_LOSSLESS.value, TransferSyntax.JPEG_LS_NEAR_LOSSLESS.value)
)
_JPEG_XL = frozenset(
    syntax.value
    for syntax in (
        TransferSyntax.JPEG_XL_LOSSLESS,
        TransferSyntax.JPEG_XL_RECOMPRESSION,
        TransferSyntax.JPEG_XL,
    )
)
_RLE = frozenset((TransferSyntax.RLE_LOSSLESS.value,))

GREY = frozenset(("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"))
COLOR = frozenset(("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "XYB"))


@dataclass(frozen=True, slots=True)
class PixelDescription:
    """What the attributes of an instance say of the pixels of each frame.

    Parameters
    ----------
    rows, columns
        Of a frame.
    samples
        1, or 3 for colours.
    bits_allocated, bits_stored, high_bit
        PS3.5 8.1.1; bits allocated are 1, 8, 16 or 32.
    is_signed
        Pixel Representation.
    is_planar
        Whether uncompressed samples come plane by plane.
    """

    transfer_syntax_uid: str
    rows: int
    columns: int
    samples: int
    photometric_interpretation: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool = False
    is_planar: bool = False

    @property
    def is_ybr(self) -> bool:
        """Whether the attributes call the samples luminance and chrominance."""
        return self.photometric_interpretation.startswith("YBR_FULL")

    def check(self) -> None:
        """Make sure that these are pixels that can be decoded.

        Raises
        ------
        CodecError
            They are not.
        """
        kinds = {1: GREY, 3: COLOR}.get(self.samples, frozenset())
        if self.photometric_interpretation not in kinds:
            told = "".join(c for c in self.photometric_interpretation[:32] if c.isprintable())
            raise CodecError(
                f"found {self.samples} samples of {told or 'unknown meaning'} for a pixel, "
                "expected grey, palette colour, RGB or YBR"
            )
        if min(self.rows, self.columns) < 1:
            raise CodecError(f"found {self.rows} rows and {self.columns} columns")
        allocated, stored = self.bits_allocated, self.bits_stored
        fits = 1 <= stored <= allocated and stored - 1 <= self.high_bit < allocated
        if allocated not in (1, 8, 16, 32) or not fits:
            raise CodecError(
                f"found {stored} bits of {allocated} up to bit {self.high_bit}, expected at most "
                "as many as are allocated, 1, 8, 16 or 32"
            )


def is_known(transfer_syntax_uid: str) -> bool:
    """Tell whether frames of a transfer syntax can be decoded."""
    return any(transfer_syntax_uid in syntaxes for syntaxes, _ in _DECODERS)


def is_simple(stream: Stream, description: PixelDescription) -> bool:
    """Tell whether a frame is bare samples, or JPEG baseline of the size told, in one scan.

    Its decoding then takes no more memory than the frame, and no more time than its bytes.
    """
    if description.transfer_syntax_uid in _NATIVE:
        return True
    samples = description.rows * description.columns * description.samples
    if description.transfer_syntax_uid != TransferSyntax.JPEG_BASELINE.value:
        return False
    return samples <= _SIMPLE_SAMPLES and _is_simple_jpeg(
        _begin_of_jpeg(bytes(stream)), description.rows, description.columns, description.samples
    )


def _begin_of_jpeg(stream: bytes) -> bytes:
    """Return a stream up to its first scan, if that comes soon."""
    scan = stream.find(_SCAN, 0, _HEAD_LIMIT)
    return stream[: scan + 2 + int.from_bytes(stream[scan + 2 : scan + 4], "big")]


@functools.lru_cache(256)
def _is_simple_jpeg(head: bytes, rows: int, columns: int, samples: int) -> bool:
    from dicomizer.pixels.codecs import jpeg

    try:
        header = jpeg.read_header(head)
    except jpeg.JpegError:
        return False
    frame = header.frame
    components_of_scan = header.segments[-1].payload[:1]
    return (
        frame.is_baseline
        and (frame.height, frame.width, len(frame.sampling)) == (rows, columns, samples)
        and components_of_scan == bytes((samples,))
    )


def decode_stored(stream: Stream, description: PixelDescription) -> Samples:
    """Decode a stored frame; other threads run meanwhile.

    Parameters
    ----------
    stream
        The frame as it is stored, padding included or not.

    Returns
    -------
    array
        ``(rows, columns, samples)``; 1 sample as stored: unsigned of 8, 16 or 32 bits, or signed
        of 16 or 32, or 3 samples that are red, green and blue. May be read-only.

    Raises
    ------
    CodecError
        The stream is damaged, cut off or not what the attributes say, or of a kind that is not
        decoded.
    """
    description.check()
    syntax = description.transfer_syntax_uid
    decoder = next((decode for syntaxes, decode in _DECODERS if syntax in syntaxes), None)
    if decoder is None:
        raise CodecError(f"frames of transfer syntax {syntax[:64]} cannot be decoded")
    return decoder(stream, description)


def ybr_to_rgb(pixels: Samples) -> NDArray[np.uint8]:
    """Return RGB for YBR_FULL of 8 bits.

    Raises
    ------
    CodecError
        The samples have more than 8 bits, for which the standard has no such space.
    """
    import numpy as np

    if pixels.dtype != np.uint8:
        raise CodecError("found YBR_FULL of 16 bits, expected 8")
    shifted = pixels.astype(np.float32) - np.array([0, 128, 128], np.float32)
    rgb = shifted @ np.array(_YBR_TO_RGB, np.float32).T
    return np.asarray(np.clip(np.rint(rgb), 0, 255), np.uint8)


def _native(stream: Stream, description: PixelDescription) -> Samples:
    import numpy as np

    rows, columns, samples = description.rows, description.columns, description.samples
    if description.bits_allocated == 1:
        return _bits(stream, description)
    if _is_halved(stream, description):
        return ybr_to_rgb(_without_halving(stream, description))
    order = ">" if description.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN else "<"
    size = rows * columns * samples * description.bits_allocated // 8
    if not size <= len(stream) <= size + size % 2:
        raise CodecError(f"found {len(stream)} bytes of pixels, expected {size}")
    pixels = np.frombuffer(stream, f"{order}u{description.bits_allocated // 8}", count=-1)
    pixels = pixels[: rows * columns * samples]
    if description.is_planar and samples > 1:
        pixels = pixels.reshape(samples, rows, columns).transpose(1, 2, 0)
    else:
        pixels = pixels.reshape(rows, columns, samples)
    return _colored(_values(pixels, description), description)


def _bits(stream: Stream, description: PixelDescription) -> Samples:
    """Return single bits, the least significant of a byte first (PS3.5 8.1.1)."""
    import numpy as np

    count = description.rows * description.columns * description.samples
    if len(stream) * 8 < count:
        raise CodecError(f"found {len(stream)} bytes of pixels, expected {-(-count // 8)}")
    packed = np.frombuffer(stream, np.uint8)
    bits = np.unpackbits(packed, count=count, bitorder="little")
    return bits.reshape(description.rows, description.columns, description.samples)


def _is_halved(stream: Stream, description: PixelDescription) -> bool:
    """Tell whether chrominance has half the columns: native YBR_FULL_422, where it is true."""
    size = description.rows * description.columns * 2
    return (
        description.photometric_interpretation == "YBR_FULL_422"
        and description.bits_allocated == 8
        and description.columns % 2 == 0
        and size <= len(stream) <= size + size % 2
    )


def _without_halving(stream: Stream, description: PixelDescription) -> Samples:
    """Return YBR_FULL for pairs of pixels stored as Y, Y, Cb, Cr (PS3.3 C.7.6.3.1.2)."""
    import numpy as np

    rows, columns = description.rows, description.columns
    pairs = np.frombuffer(stream, np.uint8)[: rows * columns * 2].reshape(rows, columns // 2, 4)
    full = np.empty((rows, columns // 2, 2, 3), np.uint8)
    full[..., 0] = pairs[..., :2]
    full[..., 1:] = pairs[..., None, 2:]
    return full.reshape(rows, columns, 3)


def _values(pixels: Samples, description: PixelDescription) -> Samples:
    """Return samples without bits that are none of theirs, signed where they are."""
    import numpy as np

    width = pixels.dtype.itemsize * 8
    stored, above = description.bits_stored, description.high_bit + 1
    if description.is_signed:
        kind = "i8" if width == 32 else "i4"
        spare = 8 * np.dtype(kind).itemsize - above
        wide: NDArray[np.signedinteger[Any]] = pixels.astype(kind) << spare
        return (wide >> (spare + above - stored)).astype("i4" if width == 32 else "i2")
    if stored == width:
        return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    kept = (pixels >> (above - stored)) & ((1 << stored) - 1)
    return kept.astype(pixels.dtype.newbyteorder("="), copy=False)


def _colored(pixels: Samples, description: PixelDescription) -> Samples:
    return ybr_to_rgb(pixels) if description.is_ybr else pixels


def _rle(stream: Stream, description: PixelDescription) -> Samples:
    from dicomizer.pixels.codecs.decode import decode

    if description.bits_allocated not in (8, 16):
        raise CodecError(f"found RLE of {description.bits_allocated} bits, expected 8 or 16")
    shape = {"rows": description.rows, "columns": description.columns}
    # RLE codes all bits that are allocated.
    pixel_format = PixelFormat(description.samples, description.bits_allocated)
    pixels = decode(stream, TransferSyntax.RLE_LOSSLESS, pixel_format, **shape)
    return _colored(_values(pixels, description), description)


def _jpeg_ls(stream: Stream, description: PixelDescription) -> Samples:
    from dicomizer.pixels.codecs import jpegls

    bits = jpegls.read_header(stream).bits
    pixels = _coded(stream, TransferSyntax.JPEG_LS_NEAR_LOSSLESS, description, bits)
    return _colored(pixels, description)


def _jpeg_2000(stream: Stream, description: PixelDescription) -> Samples:
    from dicomizer.pixels.codecs import jpeg2000

    header = jpeg2000.read_codestream_header(jpeg2000.codestream(stream))
    first = header.components[0]
    is_signed = first.signed and description.samples == 1
    pixels = _coded(stream, TransferSyntax.JPEG_2000, description, first.bits, is_signed=is_signed)
    return pixels if header.component_transform else _colored(pixels, description)


def _jpeg_xl(stream: Stream, description: PixelDescription) -> Samples:
    from dicomizer.pixels.codecs import jpegxl

    # Its decoder gives RGB, whatever the stream has.
    return _coded(
        stream,
        TransferSyntax(description.transfer_syntax_uid),
        description,
        jpegxl.read_header(stream).bits,
    )


def _jpeg(stream: Stream, description: PixelDescription) -> Samples:
    from dicomizer.pixels.codecs import jpeg

    data = bytes(stream)
    try:
        length, head = _complete_head(data, is_ybr=_is_transformed(description))
    except jpeg.JpegError as error:
        raise CodecError(f"the JPEG stream cannot be decoded: {error}") from error
    if head is not None:
        data = head + data[length:]
    bits = 8
    if description.transfer_syntax_uid != TransferSyntax.JPEG_BASELINE.value:
        bits = jpeg.read_header(data).frame.precision
    return _coded(data, TransferSyntax.JPEG_BASELINE, description, bits)


def _is_transformed(description: PixelDescription) -> bool:
    return description.photometric_interpretation != "RGB"


def _complete_head(stream: bytes, *, is_ybr: bool) -> tuple[int, bytes | None]:
    """Return the length of a JPEG stream's header, and one to put in its place if need be.

    Almost all frames of an instance begin with the same header, so what is found out about one is
    remembered by its bytes.
    """
    from dicomizer.pixels.codecs import jpeg

    scan = stream.find(_SCAN)
    length = scan + 2 + int.from_bytes(stream[scan + 2 : scan + 4], "big")
    if scan > 0 and length <= min(_HEAD_LIMIT, len(stream)):
        try:
            return length, _known_head(stream[:length], is_ybr=is_ybr)
        except jpeg.JpegError:
            pass  # those two bytes stood within a segment: look properly
    header = jpeg.read_header(stream)
    return header.length, _other_head(stream[: header.length], header, is_ybr=is_ybr)


@functools.lru_cache(256)
def _known_head(head: bytes, *, is_ybr: bool) -> bytes | None:
    from dicomizer.pixels.codecs import jpeg

    return _other_head(head, jpeg.read_header(head), is_ybr=is_ybr)


def _other_head(head: bytes, header: JpegHeader, *, is_ybr: bool) -> bytes | None:
    """Return a header whose colours every decoder reads alike; ``None`` where this one does."""
    from dicomizer.pixels.codecs import jpeg

    told = jpeg.colors_told(header)
    found = jpeg.complete_header((), header, ycbcr=is_ybr if told is None else told)
    return None if found == head else found


def _coded(
    stream: Stream,
    syntax: TransferSyntax,
    description: PixelDescription,
    bits: int,
    *,
    is_signed: bool = False,
) -> Samples:
    """Decode a stream that tells its own bits, within those that are allocated."""
    import numpy as np

    from dicomizer.pixels.codecs.decode import decode

    if not 1 <= bits <= min(description.bits_allocated, 16):
        raise CodecError(f"found {bits} bits in a stream, {description.bits_allocated} allocated")
    pixel_format = PixelFormat(description.samples, bits, is_signed=is_signed)
    shape = {"rows": description.rows, "columns": description.columns}
    pixels = decode(stream, syntax, pixel_format, **shape)
    if not description.is_signed or is_signed:
        return pixels
    spare = 32 - min(bits, description.bits_stored)
    return ((pixels.astype(np.int32) << spare) >> spare).astype(np.int16)


_DECODERS: tuple[tuple[frozenset[str], Callable[[Stream, PixelDescription], Samples]], ...] = (
    (_JPEG, _jpeg),
    (_NATIVE, _native),
    (_JPEG_2000, _jpeg_2000),
    (_JPEG_LS, _jpeg_ls),
    (_JPEG_XL, _jpeg_xl),
    (_RLE, _rle),
)
