# SPDX-License-Identifier: Apache-2.0
"""Colours as text; ICC profiles, checked by their header, and sRGB for files without one."""

from __future__ import annotations

import functools
import io

_SIGNATURE = slice(36, 40)
_COLOR_SPACE = slice(16, 20)
_CREATION_DATE = slice(24, 36)
_PROFILE_ID = slice(84, 100)


def is_rgb_profile(profile: bytes) -> bool:
    """Tell whether the bytes are an ICC profile for RGB (ICC.1 7.2)."""
    return (
        len(profile) >= 132
        and profile[_SIGNATURE] == b"acsp"
        and profile[_COLOR_SPACE] == b"RGB "
        and int.from_bytes(profile[:4], "big") <= len(profile)
    )


@functools.cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB (IEC 61966-2-1), the same bytes in every run."""
    from PIL import ImageCms

    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    profile = bytearray(made.tobytes())
    # The maker stamps the current time; a fixed one keeps equal input giving equal output.
    profile[_CREATION_DATE] = bytes.fromhex("07d0 0001 0001 0000 0000 0000")
    profile[_PROFILE_ID] = bytes(16)
    if len(profile) % 2:
        profile += b"\0"
    return bytes(profile)


def rgb(color: str) -> tuple[int, int, int]:
    """Return red, green and blue of a colour such as "#0080ff"."""
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def describe_profile(profile: bytes) -> str:
    """Return the description inside an ICC profile, or "unnamed"."""
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.getProfileDescription(opened).strip() or "unnamed"
    except (OSError, ImageCms.PyCMSError):
        return "unnamed"
