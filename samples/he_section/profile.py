# SPDX-License-Identifier: Apache-2.0
"""The ICC profile of the picture: sRGB, the same bytes in every run."""

from __future__ import annotations

from PIL import ImageCms

_CREATED = slice(24, 36)
_FIXED_DATE = bytes.fromhex("07ea 000b 0014 000d 002d 0000")


def srgb() -> bytes:
    """Return an sRGB profile with a fixed date, where Little CMS writes the current time."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[_CREATED] = _FIXED_DATE
    return bytes(profile)
