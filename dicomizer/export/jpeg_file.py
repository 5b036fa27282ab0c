# SPDX-License-Identifier: Apache-2.0
"""A JPEG of any size written strip by strip.

Each strip is coded for itself and becomes a restart interval of one scan, since a restart marker
makes a decoder begin as at the start of a stream.

References
----------
ITU-T T.81 B.2.4.4 (restart interval), T.871 (JFIF), ICC.1 Annex B.4 (profiles in JPEG)
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.codecs.jpeg_cut import LARGEST_SIZE as LARGEST_SIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.slide import SizePx, SpacingMm

__all__ = ["LARGEST_SIDE", "strip_rows", "write_jpeg"]

_MCU_ROWS = 16
_MOST_MCU_ROWS = 16
_LARGEST_INTERVAL = 0xFFFF
_APP0, _SOS = 0xE0, 0xDA
_PER_CENTIMETRE = 2
_LARGEST_DENSITY = 0xFFFF
_PROFILE_BYTES = 65_519
_PROFILE = b"ICC_PROFILE\0"


def strip_rows(width: int) -> int:
    """Return of how many rows each strip but the last is, for MCUs of any size."""
    smallest_mcus = 2 * -(-width // 8)
    return _MCU_ROWS * max(1, min(_MOST_MCU_ROWS, _LARGEST_INTERVAL // smallest_mcus))


def write_jpeg(
    file: BinaryIO,
    size: SizePx,
    strips: Iterable[Pixels],
    encode: Callable[[Pixels], bytes],
    *,
    spacing: SpacingMm | None,
    icc_profile: bytes | None,
) -> bool:
    """Write strips of `strip_rows` rows, from top to bottom.

    Parameters
    ----------
    encode
        Makes a JFIF stream of pixels; its tables are always the same.
    spacing
        For the density; ``None`` where nobody knows it.

    Returns
    -------
    is_told
        Whether the density could be written: JFIF has 16 bits for it.
    """
    density = _density(spacing)
    number = 0
    for number, strip in enumerate(strips):
        stream = encode(strip)
        header = jpeg.read_header(stream)
        if number == 0:
            head = jpeg.restarted_header(header, height=size.height, ycbcr=True)
            file.write(jpeg.SOI + _jfif(density) + b"".join(_profile(icc_profile or b"")))
            file.write(_without_jfif(head))
        else:
            file.write(bytes((0xFF, 0xD0 + (number - 1) % 8)))
        file.write(stream[header.length : -len(jpeg.EOI)])
    file.write(jpeg.EOI)
    return spacing is None or density is not None


def _density(spacing: SpacingMm | None) -> tuple[int, int] | None:
    if spacing is None:
        return None
    horizontal, vertical = round(10 / spacing.between_columns), round(10 / spacing.between_rows)
    is_told = 0 < min(horizontal, vertical) <= max(horizontal, vertical) <= _LARGEST_DENSITY
    return (horizontal, vertical) if is_told else None


def _jfif(density: tuple[int, int] | None) -> bytes:
    unit = 0 if density is None else _PER_CENTIMETRE
    payload = b"JFIF\0" + struct.pack(">HBHHBB", 0x0102, unit, *(density or (1, 1)), 0, 0)
    return b"\xff\xe0" + struct.pack(">H", 2 + len(payload)) + payload


def _profile(profile: bytes) -> Iterator[bytes]:
    parts = [profile[at : at + _PROFILE_BYTES] for at in range(0, len(profile), _PROFILE_BYTES)]
    for number, part in enumerate(parts, start=1):
        payload = _PROFILE + bytes((number, len(parts))) + part
        yield b"\xff\xe2" + struct.pack(">H", 2 + len(payload)) + payload


def _without_jfif(head: bytes) -> bytes:
    segments = jpeg.read_tables(head)
    return b"".join(item.data for item in segments if item.marker != _APP0)
