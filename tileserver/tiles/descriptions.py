# SPDX-License-Identifier: Apache-2.0
"""Tiles beside DICOMweb, described."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.described.drawing import DECIMAL, DRAWING, PICTURES
from tileserver.described.model import Answer, Operation, Parameter, Place, Service
from tileserver.described.schemas import TEXT, binary, one_of, pattern, same
from tileserver.settings import TILES_ROOT
from tileserver.tiles.sources import INSTANCE, PYRAMID, SERIES

if TYPE_CHECKING:
    from tileserver.described.model import Contents, Schema

_JSON, _JSON_LD, _XML = "application/json", "application/ld+json", "application/xml"
_OBJECT = {"type": "object"}
_TILE = r"\.(jpg|jpeg|png|webp)$"
_PERCENT = r"(\d{1,9}(\.\d{1,12})?|\.\d{1,12})"
_REGION = rf"^(full|square|\d{{1,10}}(,\d{{1,10}}){{3}}|pct:{_PERCENT}(,{_PERCENT}){{3}})$"
_SIZE = rf"^\^?(max|!?\d{{1,10}},\d{{1,10}}|\d{{1,10}},|,\d{{1,10}}|pct:{_PERCENT})$"


def _in_path(name: str, meaning: str, schema: Schema, example: str | None = None) -> Parameter:
    return Parameter(name=name, meaning=meaning, place=Place.PATH, schema=schema, example=example)


_UID = pattern("^[^/]+$")
_NUMBER = pattern(r"^\d{1,9}$")
_PATH_PARAMETERS = (
    _in_path("study", "Study Instance UID.", _UID),
    _in_path("series", "Series Instance UID.", _UID),
    _in_path("pyramid", "Pyramid UID.", _UID),
    _in_path("instance", "SOP Instance UID.", _UID),
    _in_path("region", "full, square, x,y,w,h or pct:x,y,w,h.", pattern(_REGION), "full"),
    _in_path(
        "size", "max, w, or ,h or w,h or !w,h or pct:n; with ^ larger.", pattern(_SIZE), "max"
    ),
    _in_path(
        "rotation",
        "Degrees clockwise, after ! mirrored.",
        pattern(r"^!?((0\d\d|[12]\d\d|3[0-5]\d|\d{1,2})(\.\d{1,9})?|360(\.0{1,9})?|\.\d{1,9})$"),
        "0",
    ),
    _in_path(
        "last",
        "Quality and format.",
        pattern(r"^(default|color|gray|bitonal)\.(jpg|png|webp|gif)$"),
        "default.jpg",
    ),
    _in_path("level", "Of which each is half the next.", pattern(r"^\d{1,3}$"), "0"),
    _in_path("z", "Level; 0 is one tile.", _NUMBER, "0"),
    _in_path("x", "Column.", _NUMBER, "0"),
)
_FORMAT = Parameter(
    name="format",
    meaning="Which tiles clients are told to ask for.",
    schema=one_of("jpg", "jpeg", "png", "webp"),
)
_EXPONENT = r"([eE][+-]?\d{1,2})?"
_UM = pattern(f"^{DECIMAL}{_EXPONENT}$")
_LENGTH = pattern(rf"^\d{{1,18}}(\.\d{{0,18}})?{_EXPONENT}$")
_PLACE = (
    Parameter(name="x", meaning="In micrometres.", schema=_UM, is_required=True, example="0"),
    Parameter(name="y", meaning="In micrometres.", schema=_UM, is_required=True, example="0"),
    *(
        Parameter(
            name=name,
            meaning="In micrometres, above 0.",
            schema=_LENGTH,
            is_required=True,
            example="50",
        )
        for name in ("width", "height")
    ),
    Parameter(name="mpp", meaning="Micrometres of a pixel, above 0.", schema=_LENGTH, example="1"),
    Parameter(
        name="origin",
        meaning="Whether x and y count from the corner of the matrix, or on the slide.",
        schema=one_of("matrix", "slide"),
    ),
    Parameter(
        name="format",
        meaning="png unless told; raw and npy are samples of 8 bits.",
        schema=one_of("png", "jpeg", "jpg", "webp", "raw", "npy"),
    ),
)
_UNCHANGED = Answer(status=304, meaning="It is what If-None-Match names.")
_ERRORS = (404, 406, 413, 507)


def _document(
    path: str, name: str, summary: str, contents: Contents, *parameters: Parameter
) -> Operation:
    return Operation(
        method="GET",
        path=path,
        name=name,
        summary=summary,
        parameters=parameters,
        answers=(Answer(status=200, meaning="The document.", contents=contents),),
        errors=_ERRORS,
    )


def _picture(
    path: str, name: str, summary: str, media_types: tuple[str, ...], *parameters: Parameter
) -> Operation:
    return Operation(
        method="GET",
        path=path,
        name=name,
        summary=summary,
        parameters=(*parameters, *DRAWING),
        answers=(
            Answer(status=200, meaning="The picture.", contents=binary(*media_types)),
            _UNCHANGED,
        ),
        errors=_ERRORS,
    )


def _of_an_image(source: str, kind: str) -> tuple[Operation, ...]:
    """Return what there is of one image.

    Parameters
    ----------
    kind
        What the image is, for the names of the operations.
    """
    linked = same(_OBJECT, _JSON_LD, _JSON)
    return (
        Operation(
            method="GET",
            path=f"{source}/iiif",
            name=f"Retrieve{kind}ImageBase",
            summary="Lead to the description of the image.",
            answers=(Answer(status=303, meaning="To info.json."),),
            errors=_ERRORS,
        ),
        _document(
            f"{source}/iiif/info.json",
            f"Retrieve{kind}ImageInformation",
            "Describe the image: IIIF Image API 3.0, level 2.",
            linked,
        ),
        _picture(
            source + "/iiif/{region}/{size}/{rotation}/{last}",
            f"Retrieve{kind}Image",
            "Draw a region: IIIF Image API 3.0.",
            PICTURES,
        ),
        _document(
            f"{source}/slide.dzi",
            f"Retrieve{kind}DeepZoom",
            "Describe the image: Deep Zoom.",
            same(TEXT, _XML),
            _FORMAT,
            *DRAWING,
        ),
        _picture(
            source + "/slide_files/{level}/{name}",
            f"Retrieve{kind}DeepZoomTile",
            "Draw a tile, named column_row.jpg: Deep Zoom.",
            ("image/jpeg", "image/png", "image/webp"),
        ),
        _document(
            f"{source}/xyz/tile.json",
            f"Retrieve{kind}TileJson",
            "Describe the image: TileJSON 3.0.0.",
            same(_OBJECT, _JSON),
        ),
        _picture(
            source + "/xyz/{z}/{x}/{name}",
            f"Retrieve{kind}Tile",
            "Draw a tile, named y.jpg: as maps have them.",
            ("image/jpeg", "image/png", "image/webp"),
        ),
        _picture(
            f"{source}/region",
            f"Retrieve{kind}Region",
            "Draw a region in micrometres.",
            ("image/png", "image/jpeg", "image/webp", "application/octet-stream",
             "application/x-npy"),
            *_PLACE,
        ),
    )  # fmt: skip


_NAMES = _in_path(
    "name", "Numbers and format of the tile.", pattern(rf"^\d{{1,9}}(_\d{{1,9}})?{_TILE}")
)
TILES = Service(
    title="Tiles",
    meaning="IIIF, Deep Zoom, XYZ and regions of whole pyramids, of a pyramid, or of an instance.",
    root=TILES_ROOT,
    path_parameters=(*_PATH_PARAMETERS, _NAMES),
    operations=(
        _document(
            "/{study}/manifest.json",
            "RetrieveStudyManifest",
            "Show a study: IIIF Presentation 3.0.",
            same(_OBJECT, _JSON_LD, _JSON),
        ),
        _document(
            SERIES + "/manifest.json",
            "RetrieveSeriesManifest",
            "Show a series: IIIF Presentation 3.0.",
            same(_OBJECT, _JSON_LD, _JSON),
        ),
        *_of_an_image(SERIES, "Series"),
        *_of_an_image(PYRAMID, "Pyramid"),
        *_of_an_image(INSTANCE, "Instance"),
    ),
)
