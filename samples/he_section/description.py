# SPDX-License-Identifier: Apache-2.0
"""The texts of ImageDescription, as the Aperio software writes them, and frankly synthetic."""

from __future__ import annotations

SOFTWARE = "Aperio Image Library v12.0.15 \r\n"
DATE = "11/20/26"
_TIME = "13:45:00"

Size = tuple[int, int]


def properties(seed: int, mpp: float, place_mm: tuple[float, float]) -> str:
    """Return the properties that all levels repeat; ``place_mm`` is the corner on the glass."""
    magnification = 40 if mpp < 0.35 else 20 if mpp < 0.75 else 10
    return (
        f"|AppMag = {magnification}|StripeWidth = 2040|ScanScope ID = SYNTHETIC"
        f"|Filename = synthetic H&E section, seed {seed}|Date = {DATE}|Time = {_TIME}"
        f"|Time Zone = GMT+00:00|User = coverslip|MPP = {mpp:.4f}"
        f"|Left = {place_mm[0]:.6f}|Top = {place_mm[1]:.6f}|LineCameraSkew = 0.000000"
        "|LineAreaXOffset = 0.000000|LineAreaYOffset = 0.000000|Focus Offset = 0.000000"
        "|ImageID = 1|ICC Profile = sRGB"
    )


def level(finest: Size, size: Size, tile: int, coding: str) -> str:
    """Return the head of a level's description, such as "... JPEG/YCC Q=80"."""
    text = f"{SOFTWARE}{_named(finest)} [0,0 {_named(finest)}] ({tile}x{tile})"
    if size != finest:
        text += f" -> {_named(size)}"
    return f"{text} {coding}"


def thumbnail(finest: Size, size: Size) -> str:
    """Return the head of the thumbnail's description."""
    return f"{SOFTWARE}{_named(finest)} -> {_named(size)} - "


def associated(name: str, size: Size) -> str:
    """Return the description of the label or the macro image."""
    return f"{SOFTWARE}{name} {_named(size)}"


def _named(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
