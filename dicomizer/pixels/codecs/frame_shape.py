# SPDX-License-Identifier: Apache-2.0
"""What a frame must be: its size and pixel format, to compare coded and decoded frames with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.errors import CodecError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.pixels.format import PixelFormat

    Pixels = NDArray[np.uint8] | NDArray[np.uint16]
    Stream = bytes | memoryview


@dataclass(frozen=True, slots=True)
class FrameShape:
    """Size and pixel format of a frame."""

    rows: int
    columns: int
    pixel_format: PixelFormat

    @property
    def axes(self) -> tuple[int, int, int]:
        """Rows, columns and samples of a decoded frame."""
        return self.rows, self.columns, self.pixel_format.samples

    @property
    def half(self) -> FrameShape:
        """The same at half the scale, sizes rounded up."""
        return FrameShape(-(-self.rows // 2), -(-self.columns // 2), self.pixel_format)

    def check(self, rows: int, columns: int, samples: int, bits: int) -> None:
        """Compare with what the header of a stream says, before the stream is decoded.

        Raises
        ------
        CodecError
            They differ.
        """
        found = (rows, columns, samples, bits)
        if found != (*self.axes, self.pixel_format.bits):
            raise CodecError(f"found {_told(*found)}, expected {self}")

    def checked(self, pixels: Pixels) -> Pixels:
        """Return decoded pixels with an axis for samples.

        Raises
        ------
        CodecError
            They are of another shape or type.
        """
        if pixels.ndim == 2:
            pixels = pixels[:, :, None]
        if pixels.shape != self.axes or pixels.dtype != self.pixel_format.dtype:
            raise CodecError(f"found {pixels.dtype} of {pixels.shape}, expected {self}")
        return pixels

    def __str__(self) -> str:
        return _told(*self.axes, self.pixel_format.bits)


def _told(rows: int, columns: int, samples: int, bits: int) -> str:
    plural = "" if samples == 1 else "s"
    return f"{rows} rows, {columns} columns, {samples} sample{plural} of {bits} bits"
