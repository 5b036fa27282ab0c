# SPDX-License-Identifier: Apache-2.0
"""One optical path as an item of the Optical Path Sequence, both ways.

Reading is tolerant: what is absent, misformed or no wavelength is not known.

References
----------
PS3.3 C.8.12.5 (Optical Path Module), C.7.9.2 (segmented palettes), PS3.16 CID 8122, 8123
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
from pydicom.dataset import Dataset

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import LightPath, PathMetadata
from dicomizer.dicom.schema.dataset import code_item, sequence
from dicomizer.dicom.schema.limits import fitting
from dicomizer.dicom.schema.read_values import code, first, items, number, numbers, text

if TYPE_CHECKING:
    from dicomizer.dicom.metadata import Code

_ILLUMINATION = {
    LightPath.BRIGHTFIELD: codes.BRIGHTFIELD,
    LightPath.FLUORESCENCE: codes.EPIFLUORESCENCE,
}
_FLUORESCENCE = (codes.EPIFLUORESCENCE.value, "P5-00112")
"""Epifluorescence illumination (CID 8123), now and in older files."""
_DESCRIPTION_CHARACTERS = 1024
"""Of a Short Text (PS3.5 6.2)."""
_LONGEST_WAVE_NM = 0xFFFF
_COLORS = ("Red", "Green", "Blue")
_ICC_SIGNATURE = slice(36, 40)
_SHORTEST_PROFILE = 128
"""Bytes of the header of an ICC profile, the first four of which tell its length."""


def add_path(item: Dataset, path: PathMetadata, bytes_per_sample: int | None) -> None:
    """Add what is known of an optical path; light that nobody told of is brightfield.

    Parameters
    ----------
    bytes_per_sample
        Of a grey image, for which the palette is made; ``None`` for one that has colours.
    """
    if name := fitting(path.name or "", "LT")[:_DESCRIPTION_CHARACTERS]:
        item.OpticalPathDescription = name
    light = _ILLUMINATION[path.illumination or LightPath.BRIGHTFIELD]
    item.IlluminationTypeCodeSequence = sequence([code_item(light)])
    _add_wavelengths(item, path)
    if path.color is not None and bytes_per_sample is not None:
        palette = _palette(bytes.fromhex(path.color[1:]), 1 << (8 * bytes_per_sample))
        item.PaletteColorLookupTableSequence = sequence([palette])


def read_paths(dataset: Dataset) -> tuple[PathMetadata, ...]:
    """Return what each item tells of its path; none at all where no item tells anything."""
    found = tuple(map(read_path, items(dataset, "OpticalPathSequence")))
    return found if any(path != PathMetadata() for path in found) else ()


def read_path(item: Dataset) -> PathMetadata:
    """Return what an item of the Optical Path Sequence tells."""
    identifier = text(item, "OpticalPathIdentifier", "SH") or ""
    # A number is an identifier, no name.
    name = None if identifier.isdecimal() else identifier or None
    return PathMetadata(
        name=text(item, "OpticalPathDescription", "UT") or name,
        illumination=_light(code(item, "IlluminationTypeCodeSequence")),
        excitation_nm=_wavelength(item, "IlluminationWaveLength", "LightPathFilter"),
        emission_nm=_wavelength(item, "", "ImagePathFilter"),
        color=_color(first(item, "PaletteColorLookupTableSequence")),
    )


def read_profile(dataset: Dataset) -> bytes | None:
    """Return the ICC profile of the first optical path that has one, without padding."""
    for item in items(dataset, "OpticalPathSequence"):
        profile = item.get("ICCProfile")
        if isinstance(profile, bytes) and profile[_ICC_SIGNATURE] == b"acsp":
            length = int.from_bytes(profile[:4], "big")
            is_padded = _SHORTEST_PROFILE <= length == len(profile) - 1
            return profile[:length] if is_padded else profile
    return None


def _add_wavelengths(item: Dataset, path: PathMetadata) -> None:
    """Add wavelengths; where that of the light is not known, its colour stands for it."""
    if _is_wavelength(path.excitation_nm):
        item.IlluminationWaveLength = path.excitation_nm
    else:
        item.IlluminationColorCodeSequence = sequence([code_item(codes.FULL_SPECTRUM)])
    if _is_wavelength(path.emission_nm):
        item.ImagePathFilterPassThroughWavelength = round(path.emission_nm)


def _is_wavelength(value: float | None) -> TypeGuard[float]:
    """Tell whether a file gave a number that can be a wavelength, and that 16 bits can hold."""
    return value is not None and 1 <= value <= _LONGEST_WAVE_NM


def _palette(color: bytes, entries: int) -> Dataset:
    """Return tables that show black as black and white as a colour (C.7.9.2, C.7.6.3.1.5).

    Each is a point and a line from it, which takes a few bytes for any number of entries.
    """
    item = Dataset()
    for name, value in zip(_COLORS, color, strict=True):
        segments = np.array([0, 1, 0, 1, entries - 1, value * 257], dtype="<u2")
        # 65,536 entries are told as 0.
        descriptor = [entries & 0xFFFF, 0, 16]
        setattr(item, f"{name}PaletteColorLookupTableDescriptor", descriptor)
        setattr(item, f"Segmented{name}PaletteColorLookupTableData", segments.tobytes())
    return item


def _light(kind: Code | None) -> LightPath | None:
    if kind is None:
        return None
    return LightPath.FLUORESCENCE if kind.value in _FLUORESCENCE else LightPath.BRIGHTFIELD


def _wavelength(item: Dataset, keyword: str, filter_name: str) -> float | None:
    """Return a wavelength in nanometres that is told as one number.

    Illumination Wave Length is a float of 32 bits: 358.1 nm come back as 358.1000061.
    """
    for name in (keyword, f"{filter_name}PassThroughWavelength"):
        value = number(item, name) if name else None
        if _is_wavelength(value):
            return float(str(np.float32(value)))
    return None


def _color(palette: Dataset) -> str | None:
    """Return the colour of the largest value in a palette."""
    found = [_last_entry(palette, f"{name}PaletteColorLookupTable") for name in _COLORS]
    known = [value for value in found if value is not None]
    return f"#{bytes(known).hex()}" if len(known) == len(_COLORS) else None


def _last_entry(palette: Dataset, keyword: str) -> int | None:
    descriptor = numbers(palette, f"{keyword}Descriptor")
    data = palette.get(f"{keyword}Data")
    if len(descriptor) == 3 and isinstance(data, bytes) and len(data) >= 2:
        is_16_bit = descriptor[2] == 16 and len(data) % 2 == 0
        return int(struct.unpack_from("<H", data, len(data) - 2)[0] >> 8) if is_16_bit else data[-1]
    return _last_of_segments(palette.get(f"Segmented{keyword}Data"))


def _last_of_segments(data: object) -> int | None:
    """Return where the last segment, if it is linear, leads (PS3.3 C.7.9.2)."""
    if not isinstance(data, bytes) or len(data) < 6 or len(data) % 2:
        return None
    opcode, _, end = struct.unpack_from("<HHH", data, len(data) - 6)
    return end >> 8 if opcode == 1 else None
