# SPDX-License-Identifier: Apache-2.0
"""The change feed, described."""

from __future__ import annotations

from tileserver.described.model import Answer, Operation, Parameter, Service
from tileserver.described.schemas import WHOLE_NUMBER
from tileserver.dicomweb.descriptions.words import JSON

_CHANGE = {
    "type": "object",
    "required": ["sequence", "kind", "time", "StudyInstanceUID"],
    "properties": {
        "sequence": WHOLE_NUMBER,
        "kind": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "StudyInstanceUID": {"type": "string"},
        "SeriesInstanceUID": {"type": "string"},
        "SOPInstanceUID": {"type": "string"},
    },
    "additionalProperties": False,
}
_PAGE = {
    "type": "object",
    "required": ["changes", "last", "more"],
    "properties": {
        "changes": {"type": "array", "items": _CHANGE},
        "last": {**WHOLE_NUMBER, "description": "To ask for as since the next time."},
        "more": {"type": "boolean"},
    },
    "additionalProperties": False,
}
CHANGES = Service(
    title="Changes",
    meaning="What was stored and deleted, in order.",
    operations=(
        Operation(
            method="GET",
            path="/changes",
            name="RetrieveChanges",
            summary="Give what has happened since.",
            parameters=(
                Parameter(
                    name="since",
                    meaning="Sequence number of the last change that is known.",
                    schema={**WHOLE_NUMBER, "maximum": 2**63 - 1},
                ),
                Parameter(
                    name="limit",
                    meaning="Most changes.",
                    schema={"type": "integer", "minimum": 1, "maximum": 1000},
                ),
                Parameter(
                    name="wait",
                    meaning="Seconds to wait for a change where there is none.",
                    schema={**WHOLE_NUMBER, "maximum": 60},
                ),
            ),
            answers=(Answer(status=200, meaning="Changes.", contents={JSON: _PAGE}),),
            errors=(507,),
        ),
    ),
)
