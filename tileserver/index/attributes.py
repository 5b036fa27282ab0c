# SPDX-License-Identifier: Apache-2.0
"""Which attributes belong to a study or a series.

References
----------
PS3.3 C.7.1, C.7.2 and C.7.3 (modules)
"""

from __future__ import annotations

from tileserver.index.summary import tags

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

NEVER_MATCHED = tags(
    "SpecificCharacterSet InstanceAvailability RetrieveURL NumberOfStudyRelatedSeries "
    "NumberOfStudyRelatedInstances NumberOfSeriesRelatedInstances"
)
"""What no instance has, or what PS3.4 C.2.2.2 keeps from being matched."""


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
