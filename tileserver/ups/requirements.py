# SPDX-License-Identifier: Apache-2.0
"""What is required of each attribute of a workitem, as the standard's tables have it.

A line has an attribute and four columns: what a request has to bring that creates a workitem,
what one that updates it, what has to be there before a final state, and what a search returns.

- of requests: 1 with a value, 2 present, 3 optional, C where a condition holds that the server
  cannot know; E present but empty; - not allowed; S set by the server
- before final states: R a value, P one for COMPLETED, X one for CANCELED, RC and O nothing that the
  server could check
- of searches: 1 and 2 always, 1C and 2C where there is a value; a point for what is never returned
  unless asked for

``>`` stands before what is within a sequence, ``+`` before a macro. All other attributes are
optional.

References
----------
PS3.4 tables CC.2.5-2a to CC.2.5-2g and CC.2.5-3, table CC.2.5-1 (final state codes), 5.4.2
(requirement types)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from tileserver.ups.model import tag

_TABLES = """

[code]
CodeValue                                            1C  1C  .   1C
CodingSchemeDesignator                               1C  1C  .   1C
CodingSchemeVersion                                  1C  1C  .   1C
CodeMeaning                                          1   1   .   1
LongCodeValue                                        1C  1C  .   1C
URNCodeValue                                         1C  1C  .   1C
MappingResource                                      3   3   .   3
MappingResourceUID                                   3   3   .   3
ContextGroupVersion                                  3   3   .   3
ContextGroupExtensionFlag                            3   3   .   3
ContextGroupLocalVersion                             3   3   .   3
ContextGroupExtensionCreatorUID                      3   3   .   3

[content]
ValueType                                            1   1   .   1
ConceptNameCodeSequence                              1   1   .   1
>+code
DateTime                                             1C  1   .   1C
Date                                                 1C  1   .   1C
Time                                                 1C  1   .   1C
PersonName                                           1C  1   .   1C
UID                                                  1C  1   .   1C
TextValue                                            1C  1   .   1C
ConceptCodeSequence                                  1C  1   .   1C
>+code
NumericValue                                         1C  1   .   1C
MeasurementUnitsCodeSequence                         1C  1   .   1C
>+code

[reference]
TypeOfInstances                                      1   1   .   1
StudyInstanceUID                                     1C  1C  .   1C
SeriesInstanceUID                                    1C  1C  .   1C
ReferencedSOPSequence                                1   1   .   1
>ReferencedSOPClassUID                               1   1   .   1
>ReferencedSOPInstanceUID                            1   1   .   1
>HL7InstanceIdentifier                               1C  1C  .   1C
>ReferencedFrameNumber                               1C  1C  .   1C
>ReferencedSegmentNumber                             1C  1C  .   1C
DICOMRetrievalSequence                               1C  1C  .   1C
>RetrieveAETitle                                     1   1   .   1
DICOMMediaRetrievalSequence                          1C  1C  .   1C
>StorageMediaFileSetID                               2   2   .   2
>StorageMediaFileSetUID                              1   1   .   1
WADORetrievalSequence                                1C  1C  .   1C
>RetrieveURI                                         1   1   .   1
XDSRetrievalSequence                                 1C  1C  .   1C
>RepositoryUniqueID                                  1   1   .   1
>HomeCommunityID                                     3   3   .   2
WADORSRetrievalSequence                              1C  1C  .   1C
>RetrieveURL                                         1   1   .   1

[designator]
LocalNamespaceEntityID                               1C  -   .   1C
UniversalEntityID                                    1C  -   .   1C
UniversalEntityIDType                                1C  -   .   1C

[issuer]
IssuerOfPatientID                                    2   -   O   2
IssuerOfPatientIDQualifiersSequence                  2   -   O   2
>UniversalEntityID                                   2   -   O   2
>UniversalEntityIDType                               1C  -   O   1C
>IdentifierTypeCode                                  2   -   O   2
>AssigningFacilitySequence                           2   -   O   2
>>+designator
>AssigningJurisdictionCodeSequence                   2   -   O   2
>>+code
>AssigningAgencyOrDepartmentCodeSequence             2   -   O   2
>>+code

[sop]
ReferencedSOPClassUID                                1   1   .   1
ReferencedSOPInstanceUID                             1   1   .   1

[storage]
ReferencedSOPClassUID                                1C  1C  .   1C
DICOMStorageSequence                                 1C  1C  .   1C
>DestinationAE                                       1   1   .   1
STOWRSStorageSequence                                1C  1C  .   1C
>StorageURL                                          1   1   .   1
XDSStorageSequence                                   1C  1C  .   1C
>RepositoryUniqueID                                  1   1   .   1
>HomeCommunityID                                     3   3   .   2

[workitem]
TransactionUID                                       E   S   O   .
SpecificCharacterSet                                 1C  1C  RC  1C
SOPClassUID                                          S   -   R   1
SOPInstanceUID                                       -   -   R   1
ScheduledProcedureStepPriority                       1   3   R   1
ScheduledProcedureStepModificationDateTime           S   S   R   3
ProcedureStepLabel                                   1   3   O   1
WorklistLabel                                        2   3   O   1
ScheduledProcessingParametersSequence                2   3   O   2
>+content
ScheduledStationNameCodeSequence                     2   3   O   2
>+code
ScheduledStationClassCodeSequence                    2   3   O   2
>+code
ScheduledStationGeographicLocationCodeSequence       2   3   O   2
>+code
ScheduledHumanPerformersSequence                     2C  3   O   2
>HumanPerformerCodeSequence                          1   1   O   1
>>+code
>HumanPerformerName                                  1   1   O   3
>HumanPerformerOrganization                          1   1   O   3
ScheduledProcedureStepStartDateTime                  1   3   R   1
ExpectedCompletionDateTime                           3   3   O   3
ScheduledProcedureStepExpirationDateTime             3   3   O   3
ScheduledWorkitemCodeSequence                        2   3   O   2
>+code
CommentsOnTheScheduledProcedureStep                  2   3   O   3
InputReadinessState                                  1   3   R   1
InputInformationSequence                             2   3   O   2
>+reference
StudyInstanceUID                                     1C  3   O   2
OutputDestinationSequence                            3   3   O   3
>+storage
PatientName                                          2   -   O   2
PatientID                                            1C  -   O   2
+issuer
OtherPatientIDsSequence                              2   3   O   2
>PatientID                                           1   1   O   1
>+issuer
>TypeOfPatientID                                     3   3   O   3
PatientBirthDate                                     2   -   O   2
PatientSex                                           2   -   O   2
ReferencedPatientPhotoSequence                       3   3   O   3
>+reference
AdmissionID                                          2   -   O   2
IssuerOfAdmissionIDSequence                          2   -   O   2
>+designator
AdmittingDiagnosesDescription                        2   -   O   2
AdmittingDiagnosesCodeSequence                       2   -   O   2
>+code
ReferencedRequestSequence                            2   -   O   2
>StudyInstanceUID                                    1   -   O   1
>AccessionNumber                                     2   -   O   2
>IssuerOfAccessionNumberSequence                     2   -   O   2
>>+designator
>PlacerOrderNumberImagingServiceRequest              3   -   O   1C
>OrderPlacerIdentifierSequence                       2   -   O   2
>>+designator
>FillerOrderNumberImagingServiceRequest              3   -   O   1C
>OrderFillerIdentifierSequence                       2   -   O   2
>>+designator
>RequestedProcedureID                                2   -   O   2
>RequestedProcedureDescription                       2   -   O   2
>RequestedProcedureCodeSequence                      2   -   O   2
>>+code
>ReasonForTheRequestedProcedure                      3   3   O   3
>ReasonForRequestedProcedureCodeSequence             3   3   O   3
>>+code
>RequestedProcedureComments                          3   3   O   1C
>ConfidentialityCode                                 3   3   O   3
>NamesOfIntendedRecipientsOfResults                  3   3   O   3
>ImagingServiceRequestComments                       3   3   O   3
>RequestingPhysician                                 3   3   O   3
>RequestingService                                   3   3   O   3
>RequestingServiceCodeSequence                       3   3   O   3
>>+code
>IssueDateOfImagingServiceRequest                    3   3   O   3
>IssueTimeOfImagingServiceRequest                    3   3   O   3
>ReferringPhysicianName                              3   3   O   3
ReplacedProcedureStepSequence                        1C  -   O   3
>+sop
MedicalAlerts                                        3   3   O   2C
PregnancyStatus                                      3   3   O   2C
SpecialNeeds                                         3   3   O   2C
ProcedureStepState                                   1   -   R   1
ProcedureStepProgressInformationSequence             E   3   X   2
>ProcedureStepProgress                               -   3   O   .
>ProcedureStepProgressDescription                    -   3   O   .
>ProcedureStepProgressParametersSequence             -   3   O   .
>>+content
>>ContentItemModifierSequence                        -   3   O   .
>>>+content
>ProcedureStepCommunicationsURISequence              -   3   O   .
>>ContactURI                                         -   1   O   .
>>ContactDisplayName                                 -   3   O   .
>ProcedureStepCancellationDateTime                   -   3   X   .
>ReasonForCancellation                               -   3   O   .
>ProcedureStepDiscontinuationReasonCodeSequence      -   3   X   .
>>+code
UnifiedProcedureStepPerformedProcedureSequence       E   3   P   .
>ActualHumanPerformersSequence                       -   3   RC  1C
>>HumanPerformerCodeSequence                         -   3   RC  .
>>>+code
>>HumanPerformerName                                 -   3   RC  .
>>HumanPerformerOrganization                         -   3   O   .
>PerformedStationNameCodeSequence                    -   3   P   3
>>+code
>PerformedStationClassCodeSequence                   -   3   O   .
>>+code
>PerformedStationGeographicLocationCodeSequence      -   3   O   .
>>+code
>PerformedProcedureStepStartDateTime                 -   3   P   .
>PerformedProcedureStepDescription                   -   3   O   .
>CommentsOnThePerformedProcedureStep                 -   3   O   .
>PerformedWorkitemCodeSequence                       -   3   P   .
>>+code
>PerformedProcessingParametersSequence               -   3   O   .
>>+content
>PerformedProcedureStepEndDateTime                   -   3   P   1C
>OutputInformationSequence                           -   2   P   .
>>+reference
"""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is required of an attribute.

    Parameters
    ----------
    create, update, final, returned
        The columns.
    within
        Of the items, where it is a sequence.
    macro
        Which macro the items are of.
    """

    keyword: str
    tag: str
    create: str
    update: str
    final: str
    returned: str
    within: tuple[Requirement, ...] = ()
    macro: str | None = None


@cache
def requirements(table: str = "workitem") -> tuple[Requirement, ...]:
    """Return the requirements of a table, each once."""
    text = _TABLES.partition(f"\n[{table}]\n")[2].partition("\n[")[0]
    return _read([line for line in text.splitlines() if line.strip()])


def _read(lines: list[str]) -> tuple[Requirement, ...]:
    """Read lines of one depth, each with those below it."""
    starts = [number for number, line in enumerate(lines) if not line.startswith(">")]
    found: list[Requirement] = []
    for begin, end in pairwise([*starts, len(lines)]):
        first, below = lines[begin], [line[1:] for line in lines[begin + 1 : end]]
        if first.startswith("+"):
            found += requirements(first[1:])
            continue
        keyword, create, update, final, returned = first.split()
        macro = next((line[1:] for line in below if line.startswith("+")), None)
        found.append(
            Requirement(keyword, tag(keyword), create, update, final, returned, _read(below), macro)
        )
    return tuple(found)


ALWAYS_RETURNED = frozenset(item.tag for item in requirements() if item.returned in ("1", "2"))
RETURNED_WITH_VALUE = frozenset(
    item.tag for item in requirements() if item.returned in ("1C", "2C")
)
