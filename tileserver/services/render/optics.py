# SPDX-License-Identifier: Apache-2.0
"""Optical paths and the colours that attributes tell.

References
----------
PS3.3 C.8.12.5 (Optical Path), C.7.9 (Palette Color Lookup Table), C.10.7.1.1 (CIELab values)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tileserver.services.render import attributes as read

if TYPE_CHECKING:
    from tileserver.services.render.attributes import Attributes, Binary
    from tileserver.services.render.look import Rgb

PATH_LIMIT = 256
_FLUORESCENCE = frozenset(("111743", "P5-00112"))
"""Epifluorescence illumination (CID 8123), now and in older files."""
_CYCLE: tuple[Rgb, ...] = (
    (0, 114, 255), (0, 220, 80), (255, 60, 40), (255, 0, 220), (255, 200, 0), (0, 220, 220),
    (255, 255, 255),
)  # fmt: skip
"""Of paths that tell nothing: nuclear stain first, as most panels have it.

These and the colours of light are the viewer's too (`web/src/picture/channels.ts`): a thumbnail
shows what is seen when the slide is opened.
"""
_LIGHT: tuple[tuple[float, Rgb], ...] = (
    (480.0, (0, 114, 255)), (505.0, (0, 220, 220)), (550.0, (0, 220, 80)), (585.0, (255, 200, 0)),
    (640.0, (255, 60, 40)), (1400.0, (255, 0, 220)),
)  # fmt: skip
"""Wavelengths in nm up to which light is shown in a colour."""


@dataclass(frozen=True, slots=True)
class PaletteEnd:
    """The table of one colour, whose last entry is the colour of the largest value."""

    bits: int
    data: Binary
    is_segmented: bool


@dataclass(frozen=True, slots=True)
class OpticalPath:
    """A way of light.

    Parameters
    ----------
    color
        By its light, or by custom where nothing is told.
    palette
        Of red, green and blue where the path has a palette, whose end is its colour.
    """

    identifier: str
    description: str | None
    is_fluorescence: bool
    color: Rgb
    palette: tuple[PaletteEnd, ...] = field(default=(), repr=False)
    icc_profile: Binary | None = field(default=None, repr=False)


def optical_paths(attributes: Attributes) -> tuple[OpticalPath, ...]:
    """Return the optical paths, at least one."""
    sequence = read.items(attributes, "OpticalPathSequence")[:PATH_LIMIT]
    if not sequence:
        count = read.whole(attributes, "NumberOfOpticalPaths") or 1
        sequence = [{}] * min(max(count, 1), PATH_LIMIT)
    return tuple(_path(item, index) for index, item in enumerate(sequence))


def _path(item: Attributes, index: int) -> OpticalPath:
    codes = set(read.codes(item, "IlluminationTypeCodeSequence"))
    return OpticalPath(
        identifier=read.text(item, "OpticalPathIdentifier") or str(index + 1),
        description=read.text(item, "OpticalPathDescription"),
        is_fluorescence=bool(codes & _FLUORESCENCE),
        color=_color_of_light(item) or _CYCLE[index % len(_CYCLE)],
        palette=_palette(read.first(item, "PaletteColorLookupTableSequence")),
        icc_profile=read.binary(item, "ICCProfile"),
    )


def _color_of_light(item: Attributes) -> Rgb | None:
    """Return a colour by the light that comes back, or else by that which shines."""
    wavelength_nm = read.number(item, "ImagePathFilterPassThroughWavelength")
    if wavelength_nm is None:
        wavelength_nm = read.number(item, "IlluminationWaveLength")
    if not wavelength_nm or wavelength_nm < 0:
        return None
    return next((color for upper, color in _LIGHT if wavelength_nm < upper), None)


def _palette(item: Attributes) -> tuple[PaletteEnd, ...]:
    ends = tuple(end for name in ("Red", "Green", "Blue") if (end := _end(item, name)) is not None)
    return ends if len(ends) == 3 else ()


def _end(item: Attributes, color: str) -> PaletteEnd | None:
    descriptor = read.numbers(item, f"{color}PaletteColorLookupTableDescriptor")
    bits = 8 if len(descriptor) == 3 and descriptor[2] == 8 else 16
    plain = read.binary(item, f"{color}PaletteColorLookupTableData")
    if plain is not None:
        return PaletteEnd(bits, plain, is_segmented=False)
    segmented = read.binary(item, f"Segmented{color}PaletteColorLookupTableData")
    return PaletteEnd(bits, segmented, is_segmented=True) if segmented is not None else None


def last_entry(end: PaletteEnd, data: bytes) -> int | None:
    """Return the last entry of a table in 8 bits; of a segmented one, where its last line leads."""
    if end.is_segmented:
        is_linear = len(data) >= 6 and not len(data) % 2 and data[-6:-4] == b"\x01\x00"
        return data[-1] if is_linear else None
    if end.bits == 16:
        return data[-1] if len(data) >= 2 and not len(data) % 2 else None
    return data[-1] if data else None


def absent_color(attributes: Attributes) -> Rgb | None:
    """Return the recommended colour of absent pixels in sRGB."""
    value = read.numbers(attributes, "RecommendedAbsentPixelCIELabValue")
    if len(value) != 3 or not all(0 <= one <= 0xFFFF for one in value):
        return None
    return lab_to_rgb(*value)


def lab_to_rgb(lightness: float, a: float, b: float) -> Rgb:
    """Return the sRGB colour of a CIELab value encoded in 16 bits (PS3.3 C.10.7.1.1)."""
    light = (lightness * 100 / 0xFFFF + 16) / 116
    fx, fz = light + (a * 255 / 0xFFFF - 128) / 500, light - (b * 255 / 0xFFFF - 128) / 200
    # Of the white of D50, which CIELab in DICOM refers to as ICC profiles do.
    x, y, z = (
        white * (f**3 if f > 6 / 29 else 3 * (6 / 29) ** 2 * (f - 4 / 29))
        for white, f in zip((0.9642, 1.0, 0.8249), (fx, light, fz), strict=True)
    )
    linear = (
        3.1338561 * x - 1.6168667 * y - 0.4906146 * z,
        -0.9787684 * x + 1.9161415 * y + 0.0334540 * z,
        0.0719453 * x - 0.2289914 * y + 1.4052427 * z,
    )
    red, green, blue = (_companded(value) for value in linear)
    return red, green, blue


def _companded(value: float) -> int:
    value = min(max(value, 0.0), 1.0)
    curve = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(255 * curve)
