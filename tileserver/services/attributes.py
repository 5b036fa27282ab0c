# SPDX-License-Identifier: Apache-2.0
"""Which attributes belong to a study or a series, and which are returned when nobody asks.

References
----------
PS3.18 10.6.3.3 (attributes of QIDO-RS answers), PS3.3 C.7.1, C.7.2 and C.7.3 (modules)
"""

from __future__ import annotations

from pydicom.datadict import dictionary_VR, tag_for_keyword


def tags(keywords: str) -> frozenset[str]:
    """Return the tags, eight upper-case digits each, of keywords parted by blanks."""
    found = {keyword: tag_for_keyword(keyword) for keyword in keywords.split()}
    assert None not in found.values(), found
    return frozenset(f"{tag:08X}" for tag in found.values())


STUDY_ATTRIBUTES = tags(
    "SpecificCharacterSet TimezoneOffsetFromUTC PatientName PatientID IssuerOfPatientID "
    "OtherPatientIDsSequence PatientBirthDate PatientBirthTime PatientSex PatientAge PatientSize "
    "PatientWeight PatientComments EthnicGroup PatientIdentityRemoved DeidentificationMethod "
    "ReferencedPatientSequence StudyInstanceUID StudyID StudyDate StudyTime AccessionNumber "
    "IssuerOfAccessionNumberSequence StudyDescription ProcedureCodeSequence "
    "ReferringPhysicianName PhysiciansOfRecord NameOfPhysiciansReadingStudy "
    "AdmittingDiagnosesDescription"
)
SERIES_ATTRIBUTES = tags(
    "Modality SeriesInstanceUID SeriesNumber SeriesDescription SeriesDate SeriesTime Laterality "
    "BodyPartExamined ProtocolName PerformingPhysicianName OperatorsName "
    "PerformedProcedureStepID PerformedProcedureStepStartDate PerformedProcedureStepStartTime "
    "PerformedProcedureStepDescription RequestAttributesSequence Manufacturer "
    "ManufacturerModelName DeviceSerialNumber SoftwareVersions InstitutionName StationName "
    "FrameOfReferenceUID ContainerIdentifier"
)

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


def empty(tag: str) -> dict[str, object]:
    """Return an attribute without a value, as DICOM JSON."""
    return {"vr": dictionary_VR(int(tag, 16))}


def picked(attributes: dict[str, object], wanted: frozenset[str]) -> dict[str, dict[str, object]]:
    """Return the wanted attributes of an instance for a level above it.

    References to binary values stay behind: above the instance, nobody can follow them.
    """
    return {
        tag: value
        for tag, value in attributes.items()
        if tag in wanted and isinstance(value, dict) and not _has_reference(value)
    }


def _has_reference(value: object) -> bool:
    if isinstance(value, dict):
        return "BulkDataURI" in value or any(map(_has_reference, value.values()))
    return isinstance(value, list) and any(map(_has_reference, value))
