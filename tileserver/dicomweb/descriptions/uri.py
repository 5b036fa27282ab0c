# SPDX-License-Identifier: Apache-2.0
"""WADO-URI, described (PS3.18 chapter 9)."""

from __future__ import annotations

from tileserver.described.drawing import DECIMAL, PICTURES, QUALITY
from tileserver.described.model import Answer, Operation, Parameter, Service
from tileserver.described.schemas import binary, one_of, pattern
from tileserver.dicomweb.descriptions.words import DICOM, REPORTS, UNCHANGED
from tileserver.settings import DICOMWEB_ROOT

_SIDE = {"type": "integer", "minimum": 1, "maximum": 32_768}
_SHARE = r"(0?\.\d{1,18}|0|1)"
_PARAMETERS = (
    Parameter(
        name="requestType",
        meaning="The service.",
        schema=one_of("WADO"),
        is_required=True,
    ),
    *(
        Parameter(name=name, meaning=meaning, schema=pattern("^.+$"), is_required=True)
        for name, meaning in (
            ("studyUID", "Study Instance UID."),
            ("seriesUID", "Series Instance UID."),
            ("objectUID", "SOP Instance UID."),
        )
    ),
    Parameter(
        name="contentType",
        meaning="Media types, best first; without, a picture as JPEG, a report as HTML. "
        "It goes over Accept.",
        example="image/png",
    ),
    Parameter(
        name="frameNumber",
        meaning="From 1, of instances with several frames.",
        schema={"type": "integer", "minimum": 1},
    ),
    Parameter(name="rows", meaning="Largest height.", schema=_SIDE),
    Parameter(name="columns", meaning="Largest width.", schema=_SIDE),
    Parameter(
        name="region",
        meaning="Left, top, right and bottom, as shares of the image from 0 to 1.",
        schema=pattern(f"^{_SHARE}(,{_SHARE}){{3}}$"),
        example="0,0,.5,.5",
    ),
    *(
        Parameter(
            name=name,
            meaning=f"{word} of the window; only together with the other.",
            schema=pattern(f"^{DECIMAL}$"),
        )
        for name, word in (("windowCenter", "Center"), ("windowWidth", "Width"))
    ),
    Parameter(name="imageQuality", meaning="Of JPEG and WebP.", schema=QUALITY),
    Parameter(
        name="annotation",
        meaning="What is written into the picture.",
        schema=pattern("^(patient|technique)(,(patient|technique))*$"),
    ),
    Parameter(
        name="transferSyntax",
        meaning="UID, of an instance as application/dicom.",
        schema=pattern(r"^(\*|[0-9.]{1,64})$"),
    ),
)


def _retrieve(path: str, name: str) -> Operation:
    return Operation(
        method="GET",
        path=path,
        name=name,
        summary="Give a picture of an instance, a report as text, or the instance.",
        parameters=_PARAMETERS,
        answers=(
            Answer(
                status=200,
                meaning="As contentType asks.",
                contents=binary(*PICTURES, *REPORTS, DICOM),
            ),
            Answer(
                status=206,
                meaning="Bytes of the instance.",
                contents=binary(DICOM, "multipart/byteranges"),
            ),
            UNCHANGED,
        ),
        errors=(404, 406, 412, 413, 416, 507),
    )


URI = Service(
    title="URI",
    meaning="WADO-URI, PS3.18 chapter 9.",
    root=DICOMWEB_ROOT,
    operations=(_retrieve("", "RetrieveByUri"), _retrieve("/", "RetrieveByUriBehindSlash")),
)
