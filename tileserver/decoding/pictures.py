# SPDX-License-Identifier: Apache-2.0
"""Pictures that DICOM has no transfer syntax for, to the frames they have: PNG and GIF.

The head of a picture tells its size, so that who asks knows what to expect before it is decoded.

References
----------
PNG (ISO/IEC 15948) 11.2.2; GIF89a 18 and 20
"""

from __future__ import annotations

import contextlib
import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomizer.pixels.codecs.errors import CodecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomizer.pixels.codecs.frame_shape import Stream
    from dicomizer.pixels.stored_frames import Samples

PNG, GIF = "image/png", "image/gif"
LARGEST_PICTURE = 64 << 20
"""Samples of all frames."""
_MOST_FRAMES = 4096
"""Of a GIF; what is in a frame of one pixel takes far longer than its samples tell."""
_HEADS = {PNG: (struct.Struct(">8x8xII"), 4), GIF: (struct.Struct("<6xHH"), 3)}
"""Columns and rows, behind what else stands there; samples of a pixel, at most."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What the head of a picture tells.

    Parameters
    ----------
    media_type
        `PNG` or `GIF`.
    rows, columns
        Of each frame.
    """

    media_type: str
    rows: int
    columns: int

    @property
    def most_samples(self) -> int:
        """Of all its frames."""
        if self.media_type == GIF:
            return LARGEST_PICTURE  # how many frames there are nobody tells
        return self.rows * self.columns * 4

    def takes(self, shape: tuple[int, int, int], sample_type: np.dtype[Any]) -> bool:
        """Tell whether these can be its frames, one below the other."""
        rows, columns, samples = shape
        return (
            columns == self.columns
            and rows > 0
            and rows % self.rows == 0
            and samples in (1, 3)
            and rows * columns * samples <= self.most_samples
            and sample_type in (np.dtype("u1"), np.dtype("u2"))
        )


def read_head(media_type: str, stream: Stream) -> Picture:
    """Read the size of a picture.

    Raises
    ------
    CodecError
        It has no head, or is too large.
    """
    head, samples = _HEADS[media_type]
    if len(stream) < head.size:
        raise CodecError(f"found {len(stream)} bytes, expected a picture")
    columns, rows = head.unpack_from(stream)
    if not 0 < rows * columns * samples <= LARGEST_PICTURE:
        raise CodecError(
            f"found {columns} x {rows} pixels, expected at most {LARGEST_PICTURE // samples:,}"
        )
    return Picture(media_type, rows, columns)


def decode_picture(stream: bytes, picture: Picture) -> Samples:
    """Decode all frames of a picture; what is transparent is not.

    Returns
    -------
    samples
        Frames one below the other: rows of all, columns, and 1 or 3 samples.

    Raises
    ------
    CodecError
        It cannot be decoded, or has too many frames.
    """
    try:
        return _png(stream) if picture.media_type == PNG else _gif(stream)
    except (CodecError, MemoryError):
        raise
    except Exception as error:  # the libraries raise whatever broken pictures provoke
        raise CodecError(f"the {picture.media_type} is damaged") from error


def _png(stream: bytes) -> Samples:
    import imagecodecs

    pixels: NDArray[Any] = imagecodecs.png_decode(stream)
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    samples = pixels.shape[2]
    return pixels[:, :, : samples - (samples in (2, 4))]


def _gif(stream: bytes) -> Samples:
    """Decode a GIF; each frame whole, on what is left of those before."""
    from PIL import Image

    frames: list[Samples] = []
    with Image.open(io.BytesIO(stream), formats=("GIF",)) as opened:
        most = min(LARGEST_PICTURE // (opened.width * opened.height * 3), _MOST_FRAMES)
        with contextlib.suppress(EOFError):  # behind the last
            while True:
                opened.seek(len(frames))
                if len(frames) == most:
                    raise CodecError(f"found more frames than {most:,}")
                frames.append(np.asarray(opened.convert("RGB")))
    return np.concatenate(frames)
