# SPDX-License-Identifier: Apache-2.0
"""What those who run the server look at, described."""

from __future__ import annotations

from tileserver.described.model import Answer, Operation, Parameter, Schema, Service
from tileserver.described.schemas import TEXT

_READINESS: Schema = {
    "type": "object",
    "required": ["ready", "problems"],
    "properties": {
        "ready": {"type": "boolean"},
        "problems": {"type": "array", "items": TEXT},
    },
    "additionalProperties": False,
}
_JSON, _PLAIN = "application/json", "text/plain"
OPERATION = Service(
    title="Operation",
    meaning="Health and figures.",
    operations=(
        Operation(
            method="GET",
            path="/healthz",
            name="RetrieveHealth",
            summary="Tell that the process lives.",
            answers=(Answer(status=200, meaning="It does.", contents={_PLAIN: TEXT}),),
        ),
        Operation(
            method="GET",
            path="/readyz",
            name="RetrieveReadiness",
            summary="Tell whether store and index can be used.",
            parameters=(
                Parameter(
                    name="for",
                    meaning="What they are to be used for; without it for storing, too, for which "
                    "the disk must have room.",
                    schema={"type": "string", "enum": ["reading"]},
                ),
            ),
            answers=(
                Answer(status=200, meaning="They can.", contents={_JSON: _READINESS}),
                Answer(status=503, meaning="They cannot.", contents={_JSON: _READINESS}),
            ),
            errors=(400,),
        ),
        Operation(
            method="GET",
            path="/metrics",
            name="RetrieveMetrics",
            summary="Give the figures to Prometheus.",
            answers=(Answer(status=200, meaning="Text format.", contents={_PLAIN: TEXT}),),
            errors=(507,),
        ),
    ),
)
