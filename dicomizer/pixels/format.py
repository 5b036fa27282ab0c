# SPDX-License-Identifier: Apache-2.0
"""What a decoded pixel is: how many samples, of how many bits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """Samples of a decoded pixel: integers, interleaved.

    Parameters
    ----------
    samples
        1 (grey) or 3 (red, green, blue).
    bits
        Of a sample that are used: Bits Stored (PS3.3 C.7.6.3); 1 to 16.
    is_signed
        Whether a stream has signed samples; only JPEG 2000 knows them.
    """

    samples: int
    bits: int
    is_signed: bool = False

    @property
    def bytes_per_sample(self) -> int:
        """1 for up to 8 bits, 2 above."""
        return 1 if self.bits <= 8 else 2

    @property
    def bytes_per_pixel(self) -> int:
        """Of all samples together."""
        return self.samples * self.bytes_per_sample

    @property
    def dtype(self) -> str:
        """The numpy type of a sample: "uint8" or "uint16", "int8" or "int16" where signed."""
        name = "uint8" if self.bytes_per_sample == 1 else "uint16"
        return name[1:] if self.is_signed else name


RGB_8 = PixelFormat(samples=3, bits=8)
GREY_8 = PixelFormat(samples=1, bits=8)
GREY_16 = PixelFormat(samples=1, bits=16)
