# SPDX-License-Identifier: Apache-2.0
"""What is odd about an instance that is stored all the same: the warnings of the standard.

Few things are checked, such as make an instance contradict itself or be hard to find and show; a
validator tells more.

References
----------
PS3.18 table I.2-1 (warning reasons), PS3.10 7.1, PS3.3 C.7.3.1 and C.7.6.3 (attributes of type 1)
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from pydicom.charset import python_encoding

from tileserver.index.summary import tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dicomizer.dicom.attributes import Part10Attributes


class Oddity(IntEnum):
    """A warning reason (0008,1196)."""

    COERCED = 0xB000
    """An element was changed while an instance was put together from metadata and bulk data."""

    DISCARDED = 0xB006
    """An element that breaks its VR is left out of metadata; the file has it."""

    NOT_OF_ITS_CLASS = 0xB007
    """The data set lacks what its SOP Class needs, or contradicts the file's meta information; or
    its character set is none that is defined, so that its text is read as best as can be."""

    OTHER_PATIENT = 0xB0F1
    """The patient is not that of the study (a code of our own, as table I.2-1 has none for it)."""

    OTHER_STUDY = 0xB0F2
    """The series is one of another study too (as before)."""

    OTHER_BYTES_KEPT = 0x0111
    """Other bytes came first and stay (as PS3.7 C.5.6 names a duplicate; set by the operator)."""


_IMAGE_PIXEL = tags(
    "SamplesPerPixel PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit "
    "PixelRepresentation"
)
_CONTENT = {
    "1.2.840.10008.5.1.4.1.1.104.": tags("EncapsulatedDocument MIMETypeOfEncapsulatedDocument"),
    "1.2.840.10008.5.1.4.1.1.9.": tags("WaveformSequence"),
    "1.2.840.10008.5.1.4.1.1.66.4": tags("SegmentSequence SegmentationType"),
    "1.2.840.10008.5.1.4.1.1.91.1": tags("AnnotationGroupSequence"),
    "1.2.840.10008.5.1.4.1.1.88.59": tags("ContentSequence"),
}
"""What instances of some SOP Classes are made for, by how the UIDs of these begin."""


_PIXEL_DATA = 0x0010
_CHARACTER_SET = "00080005"


def find_oddity(found: Part10Attributes, attributes: Mapping[str, object]) -> Oddity | None:
    """Return the most telling warning about an instance.

    Parameters
    ----------
    attributes
        Its data set, as DICOM JSON; what belongs to each frame may be left out.
    """
    if found.contradicts_meta or _lacking(found, attributes) or not _is_readable(attributes):
        return Oddity.NOT_OF_ITS_CLASS
    return Oddity.DISCARDED if found.is_cut else None


def _lacking(found: Part10Attributes, attributes: Mapping[str, object]) -> bool:
    """Tell whether an element of type 1 is missing or empty."""
    wanted = tags("Modality")
    place = found.pixel_data
    if place is not None and place.element == _PIXEL_DATA:
        wanted |= _IMAGE_PIXEL
    sop_class = str(found.values.get("SOPClassUID"))
    for prefix, content in _CONTENT.items():
        if sop_class.startswith(prefix):
            wanted |= content
    return not all(_has_value(attributes.get(tag)) for tag in wanted)


def _is_readable(attributes: Mapping[str, object]) -> bool:
    """Tell whether all character sets are known (PS3.3 C.12.1.1.2, of all SOP Classes)."""
    named = attributes.get(_CHARACTER_SET)
    names = named.get("Value", ()) if isinstance(named, dict) else ()
    # Under another VR than its own, the names are numbers or components.
    return all(isinstance(name or "", str) and (name or "") in python_encoding for name in names)


def _has_value(attribute: object) -> bool:
    return isinstance(attribute, dict) and len(attribute) > 1  # more than its VR
