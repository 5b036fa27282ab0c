# SPDX-License-Identifier: Apache-2.0
"""What answers hold when nobody asks for more, kept as pieces of their text.

A summary has an element of DICOM JSON on each line, in order of tags. An answer is put together
from the lines of its levels: parsing and writing of JSON would take ten times as long as finding
what matches.

References
----------
PS3.18 tables 10.6.3-3, 10.6.3-4, 10.6.3-5 (attributes of answers), F.2.2 (order of attributes)
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from pydicom.datadict import dictionary_VR, tag_for_keyword

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def tags(keywords: str) -> frozenset[str]:
    """Return the tags, eight upper-case digits each, of keywords parted by blanks."""
    found = {keyword: tag_for_keyword(keyword) for keyword in keywords.split()}
    assert None not in found.values(), found
    return frozenset(f"{tag:08X}" for tag in found.values())


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
REQUIRED_OF_STUDY = tags(
    "StudyDate StudyTime AccessionNumber ReferringPhysicianName PatientName PatientID "
    "PatientBirthDate PatientSex StudyInstanceUID StudyID"
)
REQUIRED_OF_SERIES = tags("Modality SeriesInstanceUID SeriesNumber")
REQUIRED_OF_INSTANCE = tags("SOPClassUID SOPInstanceUID InstanceNumber")
"""Returned empty where the instance lacks them."""

RETURNED_OF_STUDY = REQUIRED_OF_STUDY | tags(
    "SpecificCharacterSet TimezoneOffsetFromUTC StudyDescription"
)
RETURNED_OF_SERIES = REQUIRED_OF_SERIES | tags(
    "SeriesDescription PerformedProcedureStepStartDate PerformedProcedureStepStartTime "
    "RequestAttributesSequence"
)
RETURNED_OF_INSTANCE = REQUIRED_OF_INSTANCE | tags("Rows Columns BitsAllocated NumberOfFrames")
"""With these the answers of each level carry those of the levels above it."""


def element(tag: str, value: object) -> str:
    """Return an element as a line of a summary."""
    return f'"{tag}":{_json(value)}'


def summary_of_study(attributes: Mapping[str, object]) -> str:
    """Return the summary of a study."""
    return _summary(attributes, REQUIRED_OF_STUDY, RETURNED_OF_STUDY)


def summary_of_series(attributes: Mapping[str, object]) -> str:
    """Return the summary of a series."""
    return _summary(attributes, REQUIRED_OF_SERIES, RETURNED_OF_SERIES)


def summary_of_instance(attributes: Mapping[str, object]) -> str:
    """Return the summary of an instance."""
    return _summary(attributes, REQUIRED_OF_INSTANCE, RETURNED_OF_INSTANCE)


def _summary(
    attributes: Mapping[str, object], required: frozenset[str], returned: frozenset[str]
) -> str:
    found = {tag: element(tag, attributes[tag]) for tag in returned if tag in attributes}
    empty = {tag: _empty(tag) for tag in required if tag not in found}
    return "\n".join(line for _, line in sorted({**found, **empty}.items()))


@functools.cache
def _empty(tag: str) -> str:
    return element(tag, {"vr": dictionary_VR(int(tag, 16))})


def json_object(lines: Iterable[str]) -> str:
    """Return the object that lines of elements make, in order of tags."""
    return f"{{{','.join(sorted(lines))}}}"
