# SPDX-License-Identifier: Apache-2.0
"""How stored samples shall become colours: what a client asks for, and what instances tell.

References
----------
PS3.18 8.3.5.1 (query parameters for rendered resources), PS3.3 C.11.2.1.2 and C.11.2.1.3
(windows)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Rgb = tuple[int, int, int]


class WindowFunction(Enum):
    """VOI LUT Function; the values are those of PS3.18 8.3.5.1.4."""

    LINEAR = "linear"
    LINEAR_EXACT = "linear-exact"
    SIGMOID = "sigmoid"


@dataclass(frozen=True, slots=True)
class Window:
    """A window of values that become dark to bright.

    Parameters
    ----------
    center, width
        In the units that rescaling gives.
    """

    center: float
    width: float
    function: WindowFunction = WindowFunction.LINEAR


@dataclass(frozen=True, slots=True)
class Channel:
    """An optical path as a part of a blended picture.

    Parameters
    ----------
    path
        Optical Path Identifier.
    color
        Of its brightest value; ``None`` stands for the instance's own.
    window
        ``None`` stands for the instance's own.
    """

    path: str
    color: Rgb | None = None
    window: Window | None = None


class IccChoice(Enum):
    """What becomes of colours; the values are those of ``iccprofile`` (PS3.18 8.3.5.1.5)."""

    NO = "no"
    """Colours as stored, no profile in the picture."""
    YES = "yes"
    """Colours as stored, their profile in the picture."""
    SRGB = "srgb"
    ADOBE_RGB = "adobergb"
    ROMM_RGB = "rommrgb"


@dataclass(frozen=True, slots=True)
class Look:
    """How stored samples shall become colours; by default as the instance itself says.

    Parameters
    ----------
    window
        For grey values; overrides what the instance says, not what a channel says.
    channels
        Optical paths to blend; ``None`` stands for all paths of fluorescence, else the first.
    """

    window: Window | None = None
    channels: tuple[Channel, ...] | None = None
    icc: IccChoice = IccChoice.NO


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels to show.

    Parameters
    ----------
    pixels
        ``(rows, columns, 1 | 3)`` uint8; grey or RGB.
    icc_profile
        To be embedded.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    icc_profile: bytes | None = field(default=None, repr=False)
