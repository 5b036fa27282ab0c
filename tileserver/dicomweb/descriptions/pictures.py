# SPDX-License-Identifier: Apache-2.0
"""Rendered pictures and thumbnails, described (PS3.18 8.3.5, 10.4.1.1.3, 10.4.1.1.4)."""

from __future__ import annotations

from tileserver.described.drawing import ACCEPT, DECIMAL, DRAWING
from tileserver.described.drawing import PICTURES as PICTURE_TYPES
from tileserver.described.model import Answer, Operation, Parameter, Service
from tileserver.described.schemas import binary, pattern
from tileserver.dicomweb.descriptions.words import (
    INSTANCE,
    LEVELS,
    MULTIPART,
    PATH_PARAMETERS,
    PDF,
    REPORTS,
    UNCHANGED,
)
from tileserver.settings import DICOMWEB_ROOT

_FRAMES = INSTANCE + "/frames/{frames}"
_RESOURCES = (*LEVELS, ("Frames", _FRAMES))
_NUMBER = f"({DECIMAL})?"
_PARAMETERS = (
    Parameter(
        name="viewport",
        meaning="Width and height that the picture has to fit into; then column, row, width and "
        "height of the region. A negative width or height flips.",
        schema=pattern(rf"^\d{{1,10}},\d{{1,10}}(,{_NUMBER}){{0,4}}$"),
        example="100,100",
    ),
    Parameter(
        name="annotation",
        meaning="What is written into the picture: patient, technique, or both with a comma. "
        "Thumbnails never have any.",
        schema=pattern("^(patient|technique)(,(patient|technique))*$"),
    ),
    *DRAWING,
    ACCEPT,
)
_ERRORS = (404, 406, 413, 507)
_OTHERS = {"Frames": (), "Instance": (*REPORTS, PDF)}
"""Media types of what has no picture, where they are not those of reports."""


def _picture(path: str, name: str, summary: str, *media_types: str) -> Operation:
    has_documents, may_lack_some = PDF in media_types, MULTIPART in media_types
    byte_ranges = ("multipart/byteranges",) * has_documents
    some = Answer(
        status=206,
        meaning=f"What of several can be drawn{', or bytes of a document' * has_documents}.",
        contents=binary(*media_types, *byte_ranges),
    )
    return Operation(
        method="GET",
        path=path,
        name=name,
        summary=summary,
        parameters=_PARAMETERS,
        answers=(
            Answer(status=200, meaning="A picture, or several.", contents=binary(*media_types)),
            *[some] * may_lack_some,
            UNCHANGED,
        ),
        errors=(*_ERRORS, 412, 416) if has_documents else _ERRORS,
    )


PICTURES = Service(
    title="Pictures",
    meaning="Rendered resources and thumbnails of WADO-RS, PS3.18 10.4.",
    root=DICOMWEB_ROOT,
    path_parameters=PATH_PARAMETERS,
    operations=(
        *(
            _picture(
                f"{path}/rendered",
                f"RetrieveRendered{level}",
                f"Draw what has a picture, and tell what is in a report: {level.lower()}.",
                *PICTURE_TYPES,
                *_OTHERS.get(level, REPORTS),
                MULTIPART,
            )
            for level, path in _RESOURCES
        ),
        *(
            _picture(
                f"{path}/thumbnail",
                f"Retrieve{level}Thumbnail",
                f"Draw one small picture that names nobody: {level.lower()}.",
                *PICTURE_TYPES,
            )
            for level, path in _RESOURCES
        ),
    ),
)
