# SPDX-License-Identifier: Apache-2.0
"""WADO-RS, but for pictures, described (PS3.18 10.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.described.drawing import ACCEPT
from tileserver.described.model import Answer, Operation, Service
from tileserver.described.schemas import DATASETS, binary, same
from tileserver.dicomweb.descriptions.words import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    FRAME_TYPES,
    INSTANCE,
    JSON,
    LEVELS,
    MULTIPART,
    OCTETS,
    PATH_PARAMETERS,
    UNCHANGED,
    ZIP,
)
from tileserver.settings import DICOMWEB_ROOT

if TYPE_CHECKING:
    from tileserver.described.model import Contents

_ERRORS = (404, 406, 507)
_RANGE_ERRORS = (404, 406, 412, 416, 507)


def _retrieve(
    path: str,
    name: str,
    summary: str,
    contents: Contents,
    parts: Contents | None = None,
    *,
    may_lack_some: bool = False,
) -> Operation:
    """Return an operation; one that answers Range where ``parts`` tells how."""
    answers = [Answer(status=200, meaning="What is stored.", contents=contents), UNCHANGED]
    if parts:
        answers.append(Answer(status=206, meaning="The bytes asked for.", contents=parts))
    if may_lack_some:
        answers.append(Answer(status=206, meaning="What of it can be given so.", contents=contents))
    return Operation(
        method="GET",
        path=path,
        name=name,
        summary=summary,
        parameters=(ACCEPT,),
        answers=tuple(answers),
        errors=_RANGE_ERRORS if parts else _ERRORS,
    )


RETRIEVE = Service(
    title="Retrieve",
    meaning="WADO-RS, PS3.18 10.4.",
    root=DICOMWEB_ROOT,
    path_parameters=PATH_PARAMETERS,
    operations=(
        *(
            _retrieve(
                path,
                f"Retrieve{level}",
                f"Give the instances of a {level.lower()}.",
                binary(MULTIPART, ZIP),
                may_lack_some=True,
            )
            for level, path in LEVELS[:2]
        ),
        _retrieve(
            INSTANCE,
            "RetrieveInstance",
            "Give an instance.",
            binary(MULTIPART, DICOM, ZIP),
            binary(DICOM, "multipart/byteranges"),
        ),
        *(
            _retrieve(
                f"{path}/metadata",
                f"Retrieve{level}Metadata",
                f"Give the attributes of each instance: {level.lower()}.",
                {**same(DATASETS, DICOM_JSON, JSON), **binary(MULTIPART, DICOM_XML)},
            )
            for level, path in LEVELS
        ),
        _retrieve(
            INSTANCE + "/frames/{frames}",
            "RetrieveFrames",
            "Give frames as they are stored, or transcoded where that is asked for.",
            binary(MULTIPART, *FRAME_TYPES),
        ),
        _retrieve(
            INSTANCE + "/bulkdata/{path:path}",
            "RetrieveBulkdata",
            "Give a binary value.",
            binary(MULTIPART, *FRAME_TYPES),
            binary(OCTETS, "multipart/byteranges"),
        ),
        *(
            _retrieve(
                f"{path}/{kind}",
                f"Retrieve{level}{name}",
                f"Give {words} of each instance: {level.lower()}.",
                binary(MULTIPART),
                may_lack_some=True,
            )
            for kind, name, words in (
                ("bulkdata", "Bulkdata", "all binary values"),
                ("pixeldata", "PixelData", "the pixels"),
            )
            for level, path in LEVELS
        ),
    ),
)
