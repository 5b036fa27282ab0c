# SPDX-License-Identifier: Apache-2.0
"""Compressions of TIFF: their numbers, and what decodes those that are no image format.

Bytes are decompressed into room of the size that the directory tells, never more.

References
----------
TIFF 6.0 sections 8 to 13; RFC 9649 (WebP); T.871 section 7 (YCbCr)
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, cast

import numpy as np

from dicomizer.pixels.codecs.errors import CodecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.pixels.codecs.jpeg2000 import CodestreamHeader

NONE, LZW, PACKBITS, LZMA, ZSTD, WEBP = 1, 5, 32773, 34925, 50000, 50001
DEFLATE = frozenset({8, 32946})
JPEG_2000 = frozenset({33003, 33004, 33005, 34712})
"""Aperio's YCbCr, its sibling and its RGB; the one without a vendor."""
APERIO_YCBCR = 33003
LOSSLESS = frozenset({NONE, LZW, PACKBITS, LZMA, ZSTD}) | DEFLATE


def decompressed(data: memoryview, compression: int, fill_order: int, size: int) -> bytes:
    """Return at most ``size`` bytes, or a few more where nothing is compressed."""
    import imagecodecs

    coded = bytes(data) if fill_order == 1 else bytes(imagecodecs.bitorder_decode(bytes(data)))
    if compression == NONE:
        return coded
    decode = {
        LZW: imagecodecs.lzw_decode,
        PACKBITS: imagecodecs.packbits_decode,
        LZMA: imagecodecs.lzma_decode,
        ZSTD: imagecodecs.zstd_decode,
    }.get(compression, imagecodecs.zlib_decode)
    return cast("bytes", decode(coded, out=size))


def has_subsampled_chroma(header: CodestreamHeader) -> bool:
    """Tell whether the components are Y, Cb and Cr with half the columns, as Aperio's are."""
    steps = [(item.step_x, item.step_y) for item in header.components]
    kinds = {(item.bits, item.signed) for item in header.components}
    return steps in ([(1, 1), (2, 1), (2, 1)], [(1, 1), (2, 2), (2, 2)]) and kinds == {(8, False)}


def webp_size(data: bytes | memoryview) -> tuple[int, int]:
    """Return height and width of a WebP image (RFC 9649).

    Raises
    ------
    CodecError
        It is none.
    """
    kind = bytes(data[12:16])
    if len(data) < 30 or bytes(data[:4]) != b"RIFF" or bytes(data[8:12]) != b"WEBP":
        raise CodecError("found no WebP image")
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return height & 0x3FFF, width & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return height, width
    raise CodecError(f"found a WebP chunk {kind!r}")


def rgb_of(samples: Pixels) -> Pixels:
    """Return RGB for full-range YCbCr of 8 bits (T.871 section 7)."""
    luma = samples[..., 0].astype(np.float32)
    blue, red = (samples[..., index].astype(np.float32) - 128 for index in (1, 2))
    colors = np.stack(
        [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=-1
    )
    rounded: NDArray[np.uint8] = np.rint(colors).clip(0, 255).astype(np.uint8)
    return rounded
