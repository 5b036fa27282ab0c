# SPDX-License-Identifier: Apache-2.0
"""Bits of entropy-coded segments, put together from codes and from the bits of other segments.

References
----------
ITU-T T.81 F.1.2.1 (DC coefficients), F.1.2.3 (byte stuffing), B.1.1.5 (padding)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.jpeg import JpegError

if TYPE_CHECKING:
    from dicomizer.pixels.codecs.jpeg_cut_tables import HuffmanTable

_LARGEST_CATEGORY = 11
"""Of a DC difference of 8-bit samples (T.81 table F.1)."""


class BitString:
    """A growing row of bits, held as one whole number."""

    def __init__(self) -> None:
        self._value = 0
        self._length = 0

    def append(self, value: int, length: int) -> None:
        """Add the ``length`` bits of ``value``."""
        self._value = self._value << length | value
        self._length += length

    def copy(self, data: bytes, start: int, stop: int) -> None:
        """Add bits of ``data``, where bit 0 is the highest of the first byte."""
        value = int.from_bytes(data[start >> 3 : (stop + 7) >> 3], "big") >> (-stop & 7)
        length = stop - start
        self.append(value & ((1 << length) - 1), length)

    def repeat(self, other: BitString, times: int) -> None:
        """Add the bits of another, several times."""
        length = other._length * times
        # Ones at the distance of its length: 1, 1001, 1001001.
        ones = ((1 << length) - 1) // ((1 << other._length) - 1)
        self.append(other._value * ones, length)

    def segment(self) -> bytes:
        """Return the bits as they stand between markers: filled with ones, 0xFF escaped."""
        padding = -self._length & 7
        self.append((1 << padding) - 1, padding)
        plain = self._value.to_bytes(self._length >> 3, "big")
        return plain.replace(b"\xff", b"\xff\x00")


def dc_code(table: HuffmanTable, difference: int) -> tuple[int, int]:
    """Return the bits of a DC difference, and how many they are.

    Raises
    ------
    JpegError
        It is larger than differences of 8-bit samples are.
    """
    category = abs(difference).bit_length()
    if category > _LARGEST_CATEGORY:
        raise JpegError(f"a DC coefficient differs by {difference}, more than there can be")
    code, length = table.codes[category]
    value = difference if difference > 0 else difference + (1 << category) - 1
    return code << category | value, length + category
