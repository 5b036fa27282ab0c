# SPDX-License-Identifier: Apache-2.0
"""Which attributes belong to a study or a series, and which are returned when nobody asks.

References
----------
PS3.18 10.6.3.3 (attributes of QIDO-RS answers), PS3.3 C.7.1, C.7.2 and C.7.3 (modules)
"""

from __future__ import annotations

from pydicom.datadict import tag_for_keyword


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

RETURNED_OF_STUDY = tags(
    "SpecificCharacterSet TimezoneOffsetFromUTC StudyDate StudyTime AccessionNumber "
    "ReferringPhysicianName PatientName PatientID PatientBirthDate PatientSex StudyInstanceUID "
    "StudyID StudyDescription"
)
RETURNED_OF_SERIES = tags(
    "Modality SeriesDescription SeriesInstanceUID SeriesNumber PerformedProcedureStepStartDate "
    "PerformedProcedureStepStartTime RequestAttributesSequence"
)
RETURNED_OF_INSTANCE = tags(
    "SOPClassUID SOPInstanceUID InstanceNumber Rows Columns BitsAllocated NumberOfFrames"
)
"""With these the answers of each level carry those of the levels above it."""
