# SPDX-License-Identifier: Apache-2.0
"""STOW-RS and deletion, described (PS3.18 10.5; deletion is of no standard)."""

from __future__ import annotations

from tileserver.described.drawing import ACCEPT
from tileserver.described.model import Answer, Operation, Service
from tileserver.described.schemas import DATASET, ERROR, binary
from tileserver.dicomweb.descriptions.words import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    JSON,
    LEVELS,
    MULTIPART,
    PATH_PARAMETERS,
    STUDY,
)
from tileserver.settings import DICOMWEB_ROOT

_OUTCOME = {DICOM_JSON: DATASET, **binary(DICOM_XML)}


def _store(path: str, name: str, summary: str) -> Operation:
    return Operation(
        method="POST",
        path=path,
        name=name,
        summary=summary,
        parameters=(ACCEPT,),
        body=binary(MULTIPART, DICOM, DICOM_JSON, DICOM_XML),
        answers=(
            Answer(status=200, meaning="All are stored.", contents=_OUTCOME),
            Answer(
                status=202,
                meaning="Some are stored, or something is odd; the sequences tell.",
                contents=_OUTCOME,
            ),
            Answer(
                status=409,
                meaning="None is stored; Failed SOP Sequence tells why.",
                contents={**_OUTCOME, JSON: ERROR},
            ),
            Answer(
                status=507,
                meaning="None is stored, for want of room; Failed SOP Sequence tells so.",
                contents={**_OUTCOME, JSON: ERROR},
            ),
        ),
        errors=(413, 415, 503),
    )


STORE = Service(
    title="Store",
    meaning="STOW-RS, PS3.18 10.5.",
    root=DICOMWEB_ROOT,
    path_parameters=PATH_PARAMETERS,
    operations=(
        _store("/studies", "StoreInstances", "Store instances."),
        _store(STUDY, "StoreStudyInstances", "Store instances of one study."),
    ),
)
DELETE = Service(
    title="Delete",
    meaning="Deletion, of no standard.",
    root=DICOMWEB_ROOT,
    path_parameters=PATH_PARAMETERS,
    operations=tuple(
        Operation(
            method="DELETE",
            path=path,
            name=f"Delete{level}",
            summary=f"Delete: {level.lower()}, with all below it.",
            answers=(Answer(status=204, meaning="It is gone."),),
            errors=(404, 409, 503, 507),
        )
        for level, path in LEVELS
    ),
)
