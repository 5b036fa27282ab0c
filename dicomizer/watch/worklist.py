# SPDX-License-Identifier: Apache-2.0
"""Items of a Modality Worklist, asked for by C-FIND, as columns of a table of metadata.

References
----------
PS3.4 K (Basic Worklist Management Service Class), K.6.1.2.2 (its attributes)
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from dicomizer.errors import NetworkError
from dicomizer.send.association import Association, Proposal
from dicomizer.send.credentials import tls_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydicom.dataset import Dataset

    from dicomizer.send.destination import EntityDestination

MATCHED = frozenset(
    {
        "AccessionNumber", "ContainerIdentifier", "PatientID", "RequestedProcedureID",
        "StudyInstanceUID",
    }
)  # fmt: skip
"""Attributes that may be matched with a single value."""
_SOP_CLASS = "1.2.840.10008.5.1.4.31"
_EXPLICIT, _IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
_PROPOSAL = Proposal(_SOP_CLASS, (_EXPLICIT, _IMPLICIT))
_C_FIND, _MEDIUM = 0x0020, 0x0000
_PENDING = (0xFF00, 0xFF01)
_MOST_ITEMS = 100
_COLUMNS = {
    "patient_name": "PatientName",
    "patient_id": "PatientID",
    "patient_id_issuer": "IssuerOfPatientID",
    "patient_birth_date": "PatientBirthDate",
    "patient_sex": "PatientSex",
    "accession_number": "AccessionNumber",
    "study_uid": "StudyInstanceUID",
    "study_id": "RequestedProcedureID",
    "study_description": "RequestedProcedureDescription",
    "referring_physician": "ReferringPhysicianName",
}


def find_items(
    destination: EntityDestination, where: Mapping[str, str], timeout: float
) -> list[dict[str, str]]:
    """Return the items that match, each as cells by column.

    Raises
    ------
    NetworkError
        The peer cannot be reached, does not offer a worklist, or fails.
    """
    tls = tls_context(None) if destination.is_encrypted else None
    association = Association(destination, (_PROPOSAL,), timeout, tls)
    try:
        context = association.accepted.get(_PROPOSAL)
        if context is None:
            raise NetworkError("the peer offers no Modality Worklist", file=destination)
        is_implicit = context.transfer_syntax_uid == _IMPLICIT
        association.request(
            context,
            {"AffectedSOPClassUID": _SOP_CLASS, "CommandField": _C_FIND, "Priority": _MEDIUM},
            (_identifier(where, is_implicit=is_implicit),),
        )
        found = _answers(association, destination, is_implicit=is_implicit)
    except BaseException:
        association.abort()
        raise
    association.release()
    return found


def _answers(
    association: Association, destination: EntityDestination, *, is_implicit: bool
) -> list[dict[str, str]]:
    from pynetdicom.dsutils import decode

    found: list[dict[str, str]] = []
    while True:
        command, data = association.answer()
        status = int(command.get("Status", 0xC000))
        if status not in _PENDING:
            break
        if len(found) == _MOST_ITEMS:
            raise NetworkError(
                f"more than {_MOST_ITEMS} items match: the peer may not match what was asked",
                file=destination,
            )
        try:
            item = decode(io.BytesIO(data), is_implicit, is_little_endian=True)
            found.append(_cells(item))
        except Exception as error:  # the parser raises whatever broken bytes provoke
            raise NetworkError(
                "the peer's answer to C-FIND cannot be read", file=destination
            ) from error
    if status != 0:
        raise NetworkError(f"the peer's worklist fails ({status:04X}H)", file=destination)
    return found


def _identifier(where: Mapping[str, str], *, is_implicit: bool) -> bytes:
    from pydicom.dataset import Dataset
    from pynetdicom.dsutils import encode

    asked = Dataset()
    for keyword in _COLUMNS.values():
        setattr(asked, keyword, where.get(keyword, ""))
    step = Dataset()
    for keyword in ("Modality", "ScheduledProcedureStepStartDate", "ScheduledStationAETitle"):
        setattr(step, keyword, "")
    asked.ScheduledProcedureStepSequence = [step]
    specimen = Dataset()
    specimen.ContainerIdentifier = where.get("ContainerIdentifier", "")
    asked.ScheduledSpecimenSequence = [specimen]
    encoded = encode(asked, is_implicit, is_little_endian=True)
    assert encoded is not None
    return encoded


def _cells(item: Dataset) -> dict[str, str]:
    cells = {column: _text(item.get(keyword)) for column, keyword in _COLUMNS.items()}
    date = cells["patient_birth_date"]
    if len(date) == 8:
        cells["patient_birth_date"] = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    specimens = list(item.get("ScheduledSpecimenSequence") or [])
    if len(specimens) == 1:
        cells["container_id"] = _text(specimens[0].get("ContainerIdentifier"))
    return {column: cell for column, cell in cells.items() if cell}


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip().rstrip("^")
