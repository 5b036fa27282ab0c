# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas that several services share.

References
----------
PS3.18 F.2 (DICOM JSON Model), PS3.5 6.1.2.3 (UID)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tileserver.described.model import Contents, Schema

BINARY: Schema = {}
"""Bytes; OpenAPI 3.1 has no schema for what is no text."""
TEXT: Schema = {"type": "string"}
WHOLE_NUMBER: Schema = {"type": "integer", "minimum": 0}

_TAG = "^[0-9A-F]{8}$"
_SHORT_VR = "^[A-Z]{2}$"
NAMED_SCHEMAS: dict[str, Schema] = {
    "Error": {
        "type": "object",
        "description": "Why a request is refused, in one line without patient values.",
        "required": ["error", "message"],
        "properties": {
            "error": {"type": "string", "description": "Kind of the error, for programs."},
            "message": {"type": "string", "description": "For people."},
        },
        "additionalProperties": False,
    },
    "DicomAttribute": {
        "type": "object",
        "description": "An attribute of the DICOM JSON Model: at most one of its values.",
        "required": ["vr"],
        "properties": {
            "vr": {"type": "string", "pattern": _SHORT_VR},
            "Value": {"type": "array"},
            "BulkDataURI": {"type": "string"},
            "InlineBinary": {"type": "string"},
        },
        "additionalProperties": False,
    },
    "DicomDataset": {
        "type": "object",
        "description": "Attributes by their tags.",
        "patternProperties": {_TAG: {"$ref": "#/components/schemas/DicomAttribute"}},
        "additionalProperties": False,
    },
}
ERROR: Schema = {"$ref": "#/components/schemas/Error"}
DATASET: Schema = {"$ref": "#/components/schemas/DicomDataset"}
DATASETS: Schema = {"type": "array", "items": DATASET}


def binary(*media_types: str) -> Contents:
    """Return contents that have no schema."""
    return dict.fromkeys(media_types, BINARY)


def same(schema: Schema, *media_types: str) -> Contents:
    """Return contents that are of one schema."""
    return dict.fromkeys(media_types, schema)


def one_of(*values: str) -> Schema:
    """Return the schema of one of several words."""
    return {"type": "string", "enum": list(values)}


def pattern(expression: str) -> Schema:
    """Return the schema of a text of a form."""
    return {"type": "string", "pattern": expression}
