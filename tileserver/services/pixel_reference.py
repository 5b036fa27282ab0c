# SPDX-License-Identifier: Apache-2.0
"""Pixel Data in metadata: as a reference, since metadata has all attributes (PS3.18 10.4.3.3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from dicomizer.dicom.dicom_json import reference_text
from dicomizer.dicom.part10 import IMPLICIT_VR_LITTLE_ENDIAN

if TYPE_CHECKING:
    from dicomizer.dicom.attributes import Part10Attributes
    from dicomizer.dicom.part10 import Part10Header

_VR_BEFORE_VALUE = 8
"""Bytes between the VR and the value: the VR, two reserved, a length of four."""
_FLOATING = {0x0008: "OF", 0x0009: "OD"}


def pixel_elements(file: BinaryIO, found: Part10Attributes) -> dict[str, str]:
    """Return the element of DICOM JSON, as text, by tag, that refers to the pixels, if any."""
    vr = pixel_vr(file, found)
    if vr is None or found.pixel_data is None:
        return {}
    tag = f"7FE0{found.pixel_data.element:04X}"
    return {tag: reference_text(tag, vr)}


def pixel_vr(file: BinaryIO, header: Part10Header | Part10Attributes) -> str | None:
    """Return the VR of the pixels as the file has it, ``None`` where there are none."""
    place = header.pixel_data
    if place is None:
        return None
    if place.element in _FLOATING:
        return _FLOATING[place.element]
    if place.is_encapsulated:
        return "OB"
    if header.transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN:
        return "OW"
    file.seek(place.offset - _VR_BEFORE_VALUE)
    return "OB" if file.read(2) == b"OB" else "OW"
