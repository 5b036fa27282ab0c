# SPDX-License-Identifier: Apache-2.0
"""From stored grey values to brightness: rescaling, windows and lookup tables, as one table.

References
----------
PS3.3 C.11.1 (Modality LUT), C.11.2 (VOI LUT), C.7.6.16.2.9 and C.7.6.16.2.10 (the same as
functional groups), C.7.6.3.1.2 (MONOCHROME1)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from tileserver.errors import UnrenderableError
from tileserver.services.render import attributes as read
from tileserver.services.render.look import Window, WindowFunction

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dicomizer.pixels.stored_frames import PixelDescription
    from tileserver.services.render.attributes import Attributes, Binary

_FUNCTIONS = {
    "LINEAR": WindowFunction.LINEAR,
    "LINEAR_EXACT": WindowFunction.LINEAR_EXACT,
    "SIGMOID": WindowFunction.SIGMOID,
}
_TABLE_BITS = 16
_ENTRY_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True)
class Lut:
    """A lookup table (PS3.3 C.11.1.1).

    Parameters
    ----------
    count, first, bits
        Descriptor: entries, value mapped to the first of them, bits of each.
    data
        Little endian, or entries that the attributes hold themselves.
    """

    count: int
    first: int
    bits: int
    data: Binary | tuple[int, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class GreyScale:
    """How the grey values of a frame become brightness.

    Parameters
    ----------
    window
        The first that is told; ``None`` with no table either stands for all values alike.
    is_inverted
        Whether small values are bright.
    """

    slope: float = 1.0
    intercept: float = 0.0
    modality: Lut | None = None
    window: Window | None = None
    voi: Lut | None = None
    is_inverted: bool = False


def grey_scales(
    attributes: Attributes, pixels: PixelDescription, number_of_frames: int
) -> tuple[GreyScale, ...]:
    """Return the transformations of each frame, or one for all of them."""
    if pixels.samples != 1:
        return (GreyScale(),)
    is_inverted = (pixels.photometric_interpretation == "MONOCHROME1") != (
        read.text(attributes, "PresentationLUTShape") == "INVERSE"
        and pixels.photometric_interpretation == "MONOCHROME2"
    )
    base = GreyScale(window=_window_of_segments(attributes))
    base = replace(_told(attributes, attributes, base), is_inverted=is_inverted)
    base = _grouped(read.first(attributes, "SharedFunctionalGroupsSequence"), base)
    frames = read.items(attributes, "PerFrameFunctionalGroupsSequence")
    if len(frames) != number_of_frames:
        return (base,)
    each = tuple(_grouped(frame, base) for frame in frames)
    return each if any(one != base for one in each) else (base,)


def _window_of_segments(attributes: Attributes) -> Window | None:
    """Return all values that a segmentation can have, which are mostly few (PS3.3 C.8.20.2)."""
    kind, most = read.text(attributes, "SegmentationType"), 0.0
    if kind == "FRACTIONAL":
        most = read.number(attributes, "MaximumFractionalValue") or 0.0
    elif kind == "LABELMAP":
        segments = read.items(attributes, "SegmentSequence")
        most = max((read.number(item, "SegmentNumber") or 0.0 for item in segments), default=0.0)
    return Window(most / 2, most, WindowFunction.LINEAR_EXACT) if most > 0 else None


def _grouped(groups: Attributes, base: GreyScale) -> GreyScale:
    transformation = read.first(groups, "PixelValueTransformationSequence")
    window = read.first(groups, "FrameVOILUTSequence")
    return _told(transformation, window, base) if transformation or window else base


def _told(modality: Attributes, voi: Attributes, base: GreyScale) -> GreyScale:
    slope = read.number(modality, "RescaleSlope")
    intercept = read.number(modality, "RescaleIntercept")
    table = _lut(read.first(modality, "ModalityLUTSequence"))
    return replace(
        base,
        slope=slope or base.slope,
        intercept=base.intercept if intercept is None else intercept,
        modality=table or base.modality,
        window=_window(voi) or base.window,
        voi=_lut(read.first(voi, "VOILUTSequence")) or base.voi,
    )


def _window(attributes: Attributes) -> Window | None:
    center = read.number(attributes, "WindowCenter")
    width = read.number(attributes, "WindowWidth")
    function = _FUNCTIONS.get(read.text(attributes, "VOILUTFunction") or "", WindowFunction.LINEAR)
    if center is None or width is None or width <= 0:
        return None
    if function is WindowFunction.LINEAR and width < 1:
        return None
    return Window(center, width, function)


def _lut(item: Attributes) -> Lut | None:
    descriptor = read.numbers(item, "LUTDescriptor")
    if len(descriptor) != 3:
        return None
    count, first, bits = (int(value) for value in descriptor)
    data: Binary | tuple[int, ...] | None = read.binary(item, "LUTData")
    if data is None:
        data = tuple(int(value) & 0xFFFF for value in read.numbers(item, "LUTData"))
    if not data or not 1 <= bits <= _TABLE_BITS:
        return None
    return Lut(count or _ENTRY_LIMIT, first, bits, data)


def brightness_table(
    scale: GreyScale, pixels: PixelDescription, load: Callable[[Binary], bytes]
) -> NDArray[np.uint8]:
    """Return the brightness of every value that samples of up to 16 bits can have.

    Parameters
    ----------
    load
        Gets binary values.

    Returns
    -------
    array
        ``(65536,)``, or ``(256,)`` for unsigned samples of 8 bits; index with values as unsigned.

    Raises
    ------
    UnrenderableError
        A table is damaged.
    """
    if pixels.bits_allocated <= 8 and not pixels.is_signed:
        values = np.arange(256, dtype=np.float64)
    else:
        values = np.arange(1 << _TABLE_BITS, dtype=np.float64)
        if pixels.is_signed:
            values[1 << (_TABLE_BITS - 1) :] -= 1 << _TABLE_BITS
    return brightness(values, scale, pixels, load)


def brightness(
    values: NDArray[np.float64],
    scale: GreyScale,
    pixels: PixelDescription,
    load: Callable[[Binary], bytes],
) -> NDArray[np.uint8]:
    """Return the brightness of stored values, of the same shape."""
    rescaled = _rescaled(values, scale, load)
    if scale.window is not None:
        shown = windowed(rescaled, scale.window)
    elif scale.voi is not None:
        shown = _looked_up(rescaled, scale.voi, load) / ((1 << scale.voi.bits) - 1)
    else:
        low, high = _rescaled(np.array(_bounds(pixels), np.float64), scale, load)
        if scale.modality is not None:
            low, high = 0.0, (1 << scale.modality.bits) - 1.0
        shown = (rescaled - low) / ((high - low) or 1.0)
    shown = np.clip(shown, 0.0, 1.0)
    return np.rint((1.0 - shown if scale.is_inverted else shown) * 255).astype(np.uint8)


def _bounds(pixels: PixelDescription) -> tuple[float, float]:
    """Return the smallest and largest value that can be stored."""
    half = 1 << (pixels.bits_stored - 1)
    return (-half, half - 1) if pixels.is_signed else (0, 2 * half - 1)


def _rescaled(
    values: NDArray[np.float64], scale: GreyScale, load: Callable[[Binary], bytes]
) -> NDArray[np.float64]:
    if scale.modality is not None:
        return _looked_up(values, scale.modality, load)
    return values * scale.slope + scale.intercept


def windowed(values: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """Return values of a window as 0 to 1, and those beside it beyond (PS3.3 C.11.2.1.2 and .3)."""
    center, width = window.center, window.width
    if window.function is WindowFunction.SIGMOID:
        exponent = np.clip(-4.0 * (values - center) / width, -700, 700)
        return np.asarray(1.0 / (1.0 + np.exp(exponent)))
    if window.function is WindowFunction.LINEAR_EXACT:
        return np.asarray((values - center) / width + 0.5)
    if width <= 1:
        return np.where(values <= center - 0.5, 0.0, 1.0)
    return np.asarray((values - (center - 0.5)) / (width - 1) + 0.5)


def _looked_up(
    values: NDArray[np.float64], lut: Lut, load: Callable[[Binary], bytes]
) -> NDArray[np.float64]:
    entries = _entries(lut, load)
    index = np.clip(np.rint(values) - lut.first, 0, len(entries) - 1).astype(np.int64)
    found: NDArray[np.float64] = entries[index].astype(np.float64)
    return found


def _entries(lut: Lut, load: Callable[[Binary], bytes]) -> NDArray[np.uint16]:
    if not isinstance(lut.data, tuple):
        return _stored_entries(load(lut.data), lut.count)
    if len(lut.data) < lut.count:
        raise UnrenderableError(f"a lookup table has {len(lut.data)} entries of {lut.count}")
    return np.array(lut.data[: lut.count], np.uint16)


def palette_table(
    descriptors: tuple[tuple[int, int, int], ...], data: tuple[bytes, ...]
) -> NDArray[np.uint8]:
    """Return the colour of every value that samples of up to 16 bits can have.

    Returns
    -------
    array
        ``(65536, 3)``; values before the first entry have its colour, those behind the last that.

    Raises
    ------
    UnrenderableError
        A table is damaged.
    """
    columns = []
    for (count, first, bits), stored in zip(descriptors, data, strict=True):
        entries = _stored_entries(stored, count or _ENTRY_LIMIT)
        # Entries of 8 bits may be stored in words, too.
        bright = entries >> 8 if bits == 16 else entries
        index = np.clip(np.arange(_ENTRY_LIMIT) - first, 0, len(entries) - 1)
        columns.append(bright[index].astype(np.uint8))
    return np.stack(columns, axis=1)


def _stored_entries(data: bytes, count: int) -> NDArray[np.uint16]:
    """Return the entries of a table in words, or in bytes where it is too short for these."""
    kind = "<u2" if len(data) >= 2 * count else "u1"
    entries = np.frombuffer(data[: len(data) // 2 * 2], kind).astype(np.uint16)
    if not 0 < count <= len(entries):
        raise UnrenderableError(f"a lookup table has {len(entries)} entries of {count}")
    return entries[:count]
