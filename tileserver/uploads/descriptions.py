# SPDX-License-Identifier: Apache-2.0
"""Uploads, described (tus 1.0.0)."""

from __future__ import annotations

from tileserver.described.model import Answer, Operation, Parameter, Place, Schema, Service
from tileserver.described.schemas import TEXT, WHOLE_NUMBER, binary, one_of, pattern
from tileserver.settings import API_ROOT

_JSON, _STREAM = "application/json", "application/offset+octet-stream"
_UPLOAD: Schema = {
    "type": "object",
    "required": ["id", "name", "length", "offset", "group", "files", "job"],
    "properties": {
        "id": TEXT,
        "name": TEXT,
        "length": WHOLE_NUMBER,
        "offset": WHOLE_NUMBER,
        "group": {"type": ["string", "null"]},
        "files": WHOLE_NUMBER,
        "job": {"type": ["integer", "null"]},
    },
    "additionalProperties": False,
}
_NUMBER: Schema = {**WHOLE_NUMBER, "maximum": 10**18 - 1}


def _header(name: str, meaning: str, schema: Schema, *, is_required: bool = True) -> Parameter:
    return Parameter(
        name=name, meaning=meaning, schema=schema, place=Place.HEADER, is_required=is_required
    )


_VERSION = _header("Tus-Resumable", "Version of the protocol.", one_of("1.0.0"))
_CHECKSUM = _header(
    "Upload-Checksum",
    "sha256 or sha1, a blank, and the digest of the body in base64.",
    TEXT,
    is_required=False,
)
UPLOADS = Service(
    title="Uploads",
    meaning="Slide files by tus 1.0.0 (https://tus.io/protocols/resumable-upload).",
    root=API_ROOT,
    path_parameters=(
        Parameter(
            name="upload",
            meaning="Name of an upload.",
            place=Place.PATH,
            schema=pattern("^[0-9a-f]{32}$"),
        ),
    ),
    operations=(
        Operation(
            method="GET",
            path="/uploads",
            name="ListUploads",
            summary="List uploads.",
            answers=(
                Answer(
                    status=200,
                    meaning="Them.",
                    contents={
                        _JSON: {
                            "type": "object",
                            "required": ["uploads"],
                            "properties": {"uploads": {"type": "array", "items": _UPLOAD}},
                            "additionalProperties": False,
                        }
                    },
                ),
            ),
            errors=(507,),
        ),
        Operation(
            method="POST",
            path="/uploads",
            name="CreateUpload",
            summary="Begin an upload; its first bytes may come along.",
            parameters=(
                _VERSION,
                _header("Upload-Length", "Bytes in all.", _NUMBER),
                _header(
                    "Upload-Metadata",
                    "filename; for a slide of several files group and files; options of the "
                    "conversion as JSON. Values in base64.",
                    TEXT,
                    is_required=False,
                ),
                _CHECKSUM,
            ),
            body=binary(_STREAM),
            is_body_optional=True,
            answers=(Answer(status=201, meaning="It is at Location."),),
            errors=(400, 403, 409, 412, 413, 415, 423, 460, 503, 507),
        ),
        Operation(
            method="GET",
            path="/uploads/{upload}",
            name="RetrieveUpload",
            summary="Tell how far an upload is, and which job converts it.",
            answers=(Answer(status=200, meaning="It.", contents={_JSON: _UPLOAD}),),
            errors=(404, 507),
        ),
        Operation(
            method="PATCH",
            path="/uploads/{upload}",
            name="ContinueUpload",
            summary="Send further bytes; with the last of them the conversion is on the queue.",
            parameters=(
                _VERSION,
                _header("Upload-Offset", "Bytes that the server has.", _NUMBER),
                _CHECKSUM,
            ),
            body=binary(_STREAM),
            answers=(
                Answer(
                    status=204,
                    meaning="Upload-Offset tells the bytes that are on disk, Link the job.",
                ),
            ),
            errors=(400, 403, 404, 409, 412, 413, 415, 423, 460, 503, 507),
        ),
        Operation(
            method="DELETE",
            path="/uploads/{upload}",
            name="RemoveUpload",
            summary="Remove an upload that no job needs.",
            parameters=(_VERSION,),
            answers=(Answer(status=204, meaning="It is gone."),),
            errors=(400, 403, 404, 409, 412, 507),
        ),
    ),
)
