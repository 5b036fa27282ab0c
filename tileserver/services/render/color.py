# SPDX-License-Identifier: Apache-2.0
"""ICC profiles: those that pictures may be converted to, and the conversion, by Little CMS.

References
----------
PS3.18 8.3.5.1.5, PS3.3 C.11.15 (ICC Profile), ICC.1:2010 (profiles), IEC 61966-2-1 (sRGB), Adobe
RGB (1998), ISO 22028-2 (ROMM RGB)
"""

from __future__ import annotations

import functools
import io
import struct
from typing import TYPE_CHECKING, cast

import numpy as np

from dicomizer.pixels.color import is_rgb_profile, srgb_profile
from tileserver.services.render.look import IccChoice

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import ImageCms

_D50 = (0.9642, 1.0, 0.8249)
_ADOBE = (
    (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457),
)  # fmt: skip
"""Red, green and blue as XYZ adapted to D50 (Adobe RGB (1998) Annex C)."""
_ADOBE_GAMMA = 563 / 256
_ROMM = (
    (0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00008, 0.82491),
)  # fmt: skip
_ROMM_CURVE = (1.8, 1.0, 0.0, 1 / 16, 1 / 32)
"""A power of 1.8 above 1/32, a line below: parametricCurveType of function 3."""


def target_profile(choice: IccChoice) -> bytes:
    """Return the profile of the colours that a choice converts to; sRGB for the others."""
    if choice is IccChoice.ADOBE_RGB:
        return _adobe_rgb()
    return _romm_rgb() if choice is IccChoice.ROMM_RGB else srgb_profile()


def converted(
    pixels: NDArray[np.uint8], profile: bytes | None, choice: IccChoice
) -> NDArray[np.uint8]:
    """Return RGB in the colours of a choice.

    Parameters
    ----------
    pixels
        ``(rows, columns, 3)``.
    profile
        Of the pixels; sRGB is supposed where there is none, or one that cannot be used.
    """
    from PIL import Image

    target = target_profile(choice)
    source = profile if profile is not None and is_rgb_profile(profile) else srgb_profile()
    if source == target:
        return pixels
    transform = _transform(source, target) or _transform(srgb_profile(), target)
    if transform is None:
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    made = np.asarray(transform.apply(image))
    return cast("NDArray[np.uint8]", made)


@functools.lru_cache(64)
def _transform(source: bytes, target: bytes) -> ImageCms.ImageCmsTransform | None:
    """Return a conversion, made once for a pair of profiles; ``None`` where one is damaged."""
    from PIL import ImageCms

    if source == target:
        return None
    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(source)),
            ImageCms.ImageCmsProfile(io.BytesIO(target)),
            "RGB",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ImageCms.PyCMSError):
        return None


@functools.cache
def _adobe_rgb() -> bytes:
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(_ADOBE_GAMMA * 256))
    return _matrix_profile("Adobe RGB (1998) compatible", _ADOBE, curve)


@functools.cache
def _romm_rgb() -> bytes:
    numbers = struct.pack(">5i", *map(_fixed, _ROMM_CURVE))
    return _matrix_profile("ROMM RGB", _ROMM, b"para" + bytes(4) + b"\0\x03\0\0" + numbers)


def _fixed(value: float) -> int:
    """Return an s15Fixed16Number (ICC.1 4.6)."""
    return round(value * 65536)


def _matrix_profile(
    name: str, primaries: tuple[tuple[float, float, float], ...], curve: bytes
) -> bytes:
    """Return a display profile of three primaries and one curve (ICC.1 8.4.3)."""
    texts = {b"desc": name, b"cprt": "No copyright, use freely"}
    tags = {key: _localized(value) for key, value in texts.items()}
    tags[b"wtpt"] = _xyz(_D50)
    for letter, primary in zip((b"r", b"g", b"b"), primaries, strict=True):
        tags[letter + b"XYZ"], tags[letter + b"TRC"] = _xyz(primary), curve
    return _assembled(tags)


def _localized(text: str) -> bytes:
    coded = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(coded), 28) + coded


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *map(_fixed, values))


def _assembled(tags: dict[bytes, bytes]) -> bytes:
    table, data = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for key, value in tags.items():
        table += struct.pack(">4sII", key, start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    body = struct.pack(">I", len(tags)) + table + data
    header = struct.pack(
        ">I4sI4s4s4s6H4s4sIIIQI3i4s16s28s",
        128 + len(body), b"\0\0\0\0", 0x04300000, b"mntr", b"RGB ", b"XYZ ",
        2000, 1, 1, 0, 0, 0, b"acsp", b"\0\0\0\0", 0, 0, 0, 0, 1,
        *map(_fixed, _D50), b"\0\0\0\0", bytes(16), bytes(28),
    )  # fmt: skip
    return header + body
