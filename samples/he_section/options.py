# SPDX-License-Identifier: Apache-2.0
"""What slide to make, checked before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from he_section.label import label


@dataclass(frozen=True, slots=True)
class SlideOptions:
    """What to make; the same options make the same bytes.

    Parameters
    ----------
    width, height, tile
        In pixels.
    quality
        Of the JPEG tiles, 10 to 100.
    mpp
        Micrometres per pixel.
    case
        What the label and its barcode say.
    """

    width: int = 12_000
    height: int = 9_000
    tile: int = 256
    quality: int = 80
    mpp: float = 0.5
    seed: int = 1
    color: Literal["ycbcr", "rgb"] = "ycbcr"
    case: str = "26-001234-A-1-1"

    def __post_init__(self) -> None:
        """Refuse what no slide can be.

        Raises
        ------
        ValueError
            An option is outside of its range, which the message tells.
        """
        _within("width", self.width, 64, 400_000)
        _within("height", self.height, 64, 400_000)
        _within("tile", self.tile, 64, 2048)
        _within("quality", self.quality, 10, 100)
        _within("mpp", self.mpp, 0.1, 4.0)
        if self.tile % 16:
            raise ValueError(f"tile is {self.tile}, expected a multiple of 16")
        label(self.case)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}, expected {low} to {high}")
