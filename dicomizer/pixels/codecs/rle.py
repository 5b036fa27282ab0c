# SPDX-License-Identifier: Apache-2.0
"""RLE: a header of offsets, then one PackBits segment for each byte of a pixel.

Segments go by sample, the more significant byte of a sample first; each row is coded for itself.

References
----------
PS3.5 Annex G
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.errors import CodecError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.pixels.codecs.frame_shape import FrameShape, Pixels, Stream

_HEADER = struct.Struct("<16I")
_LARGEST_SEGMENTS = 15


def encode(pixels: Pixels) -> bytes:
    """Code an image of shape ``(rows, columns, samples)``."""
    import imagecodecs
    import numpy as np

    big_endian = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder(">"))
    planes = big_endian.view(np.uint8)
    segments = [
        _even(bytes(imagecodecs.packbits_encode(planes[..., index].copy(), axis=-1)))
        for index in range(planes.shape[2])
    ]
    return b"".join([_header(segments), *segments])


def _even(segment: bytes) -> bytes:
    return segment + b"\0" * (len(segment) % 2)


def _header(segments: list[bytes]) -> bytes:
    offsets = [_HEADER.size]
    for segment in segments[:-1]:
        offsets.append(offsets[-1] + len(segment))
    return _HEADER.pack(len(segments), *offsets, *[0] * (_LARGEST_SEGMENTS - len(offsets)))


def decode(stream: Stream, shape: FrameShape) -> Pixels:
    """Decode an image; returns ``(rows, columns, samples)``.

    Raises
    ------
    CodecError
        The number of segments or the pixels in one are not those of the image.
    """
    import numpy as np

    rows, columns, dtype = shape.rows, shape.columns, np.dtype(shape.pixel_format.dtype)
    depth = shape.pixel_format.bytes_per_pixel
    planes = np.empty((rows, columns, depth), np.uint8)
    for index, segment in enumerate(_segments(bytes(stream), depth)):
        planes[..., index] = _plane(segment, rows * columns).reshape(rows, columns)
    pixels: Pixels
    pixels = planes.view(dtype.newbyteorder(">"))
    return pixels.astype(dtype, copy=False)


def _segments(stream: bytes, count: int) -> list[bytes]:
    if len(stream) < _HEADER.size:
        raise CodecError(f"found {len(stream)} bytes, expected an RLE header of 64")
    found, *offsets = _HEADER.unpack_from(stream)
    if found != count:
        raise CodecError(f"found {found} RLE segments, expected {count}")
    bounds = [*offsets[:count], len(stream)]
    if bounds[0] < _HEADER.size or any(a > b for a, b in pairwise(bounds)):
        raise CodecError("offsets of RLE segments are out of order")
    return [stream[a:b] for a, b in pairwise(bounds)]


def _plane(segment: bytes, size: int) -> NDArray[np.uint8]:
    import imagecodecs
    import numpy as np

    try:
        plane = imagecodecs.packbits_decode(segment, out=size)
    except RuntimeError as error:
        raise CodecError(f"found a broken RLE segment, expected {size} bytes: {error}") from error
    if len(plane) != size:
        raise CodecError(f"found {len(plane)} bytes in an RLE segment, expected {size}")
    return np.frombuffer(plane, np.uint8)
