# SPDX-License-Identifier: Apache-2.0
"""The API of jobs, described."""

from __future__ import annotations

from tileserver.described.model import Answer, Operation, Parameter, Place, Schema, Service
from tileserver.described.schemas import TEXT, WHOLE_NUMBER, binary, one_of, pattern
from tileserver.job_queue.model import State
from tileserver.job_queue.places import RESULT_TYPES
from tileserver.settings import API_ROOT

_JSON, _EVENTS = "application/json", "text/event-stream"
_MOMENT: Schema = {"type": ["string", "null"], "format": "date-time"}
_OBJECT: Schema = {"type": "object"}
_JOB: Schema = {
    "type": "object",
    "required": ["id", "kind", "state", "parameters", "progress", "attempts", "created"],
    "properties": {
        "id": WHOLE_NUMBER,
        "kind": TEXT,
        "state": one_of(*State),
        "parameters": _OBJECT,
        "priority": {"type": "integer"},
        "needs": {"type": "array", "items": WHOLE_NUMBER},
        "cause": TEXT,
        "progress": {
            "type": "object",
            "required": ["text", "done", "total"],
            "properties": {"text": TEXT, "done": WHOLE_NUMBER, "total": WHOLE_NUMBER},
            "additionalProperties": False,
        },
        "attempts": WHOLE_NUMBER,
        "interruptions": WHOLE_NUMBER,
        "created": _MOMENT,
        "due": _MOMENT,
        "started": _MOMENT,
        "ended": _MOMENT,
        "stored": {
            "type": ["object", "null"],
            "required": ["study", "series", "instances"],
            "properties": {"study": TEXT, "series": TEXT, "instances": WHOLE_NUMBER},
            "additionalProperties": False,
        },
        "result": {"type": ["object", "null"]},
        "problem": {"type": ["string", "null"]},
        "cancelling": {"type": "boolean"},
    },
    "additionalProperties": False,
}
_PARAMETERS = (
    "What it is about: study, and series and instance to go below it; of convert, upload; of "
    "verify, convert: the number of that job. Besides, of export, format: zip, tiff or "
    "ome-tiff, and of a TIFF scan, optical_path and plane, from 1; of transcode, codec: htj2k or "
    "jpegxl, without loss and in place; of send, peer."
)
_ASKED: Schema = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {**TEXT, "description": "One of GET /jobs/kinds."},
        "parameters": {**_OBJECT, "description": _PARAMETERS},
        "priority": {"type": "integer", "minimum": -1000, "maximum": 1000},
        "needs": {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 100},
        "key": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    "additionalProperties": False,
}
_ONE = {_JSON: _JOB}
_RESULTS = binary(*sorted(set(RESULT_TYPES.values())))
_BIG: Schema = {**WHOLE_NUMBER, "maximum": 10**18 - 1}


def _list(name: str, item: Schema) -> Schema:
    return {
        "type": "object",
        "required": [name],
        "properties": {name: {"type": "array", "items": item}},
        "additionalProperties": False,
    }


_PAGE: Schema = {
    "type": "object",
    "required": ["jobs", "next"],
    "properties": {
        "jobs": {"type": "array", "items": _JOB},
        "next": {"type": ["integer", "null"]},
    },
    "additionalProperties": False,
}


def _texts(*names: str) -> Schema:
    return {
        "type": "object",
        "required": list(names),
        "properties": dict.fromkeys(names, TEXT),
        "additionalProperties": False,
    }


_SINCE = Parameter(
    name="since",
    meaning="Number of the last event that was had; browsers tell it in Last-Event-ID.",
    schema=_BIG,
)
JOBS = Service(
    title="Jobs",
    meaning="What takes longer than a request.",
    root=API_ROOT,
    path_parameters=(
        Parameter(
            name="job",
            meaning="Number of a job.",
            place=Place.PATH,
            schema=pattern("^[0-9]{1,18}$"),
        ),
        Parameter(
            name="study",
            meaning="Study Instance UID.",
            place=Place.PATH,
            schema={**pattern(r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*$"), "maxLength": 64},
        ),
    ),
    operations=(
        Operation(
            method="GET",
            path="/jobs",
            name="ListJobs",
            summary="List jobs, the newest first.",
            parameters=(
                Parameter(
                    name="state",
                    meaning="Only those in this state; may be repeated.",
                    schema=one_of(*State),
                    is_repeated=True,
                ),
                Parameter(name="kind", meaning="Only those of this kind."),
                Parameter(name="before", meaning="Only those of lower numbers.", schema=_BIG),
                Parameter(name="limit", meaning="Most jobs; 1000 at most.", schema=_BIG),
            ),
            answers=(
                Answer(
                    status=200,
                    meaning="Them, and before which number there are more.",
                    contents={_JSON: _PAGE},
                ),
            ),
            errors=(400, 507),
        ),
        Operation(
            method="POST",
            path="/jobs",
            name="CreateJob",
            summary="Have something done.",
            body={_JSON: _ASKED},
            answers=(
                Answer(
                    status=201,
                    meaning="It is on the queue, and will be done; or it was, by the same key.",
                    contents=_ONE,
                ),
            ),
            errors=(400, 403, 404, 409, 413, 415, 507),
        ),
        Operation(
            method="GET",
            path="/jobs/kinds",
            name="ListJobKinds",
            summary="List what can be done.",
            answers=(
                Answer(
                    status=200,
                    meaning="Kinds of jobs.",
                    contents={_JSON: _list("kinds", _texts("kind", "summary"))},
                ),
            ),
        ),
        Operation(
            method="GET",
            path="/jobs/events",
            name="WatchJobs",
            summary="Tell of jobs as they change, by server-sent events.",
            parameters=(_SINCE,),
            answers=(Answer(status=200, meaning="Events, each a job.", contents=binary(_EVENTS)),),
            errors=(400, 507),
        ),
        Operation(
            method="GET",
            path="/jobs/{job}",
            name="RetrieveJob",
            summary="Give a job.",
            answers=(Answer(status=200, meaning="It.", contents=_ONE),),
            errors=(404, 507),
        ),
        Operation(
            method="GET",
            path="/jobs/{job}/events",
            name="WatchJob",
            summary="Tell of a job as it changes, until it has ended.",
            parameters=(_SINCE,),
            answers=(Answer(status=200, meaning="Events.", contents=binary(_EVENTS)),),
            errors=(400, 404, 507),
        ),
        Operation(
            method="GET",
            path="/jobs/{job}/log",
            name="RetrieveJobLog",
            summary="Give the log of a job.",
            answers=(
                Answer(
                    status=200,
                    meaning="Its lines.",
                    contents={_JSON: _list("lines", _texts("time", "text"))},
                ),
            ),
            errors=(404, 507),
        ),
        Operation(
            method="GET",
            path="/jobs/{job}/result",
            name="RetrieveJobResult",
            summary="Give the file that a job has made.",
            answers=(
                Answer(status=200, meaning="It.", contents=_RESULTS),
                Answer(status=206, meaning="A part.", contents=_RESULTS),
            ),
            errors=(404, 416, 507),
        ),
        Operation(
            method="POST",
            path="/jobs/{job}/cancel",
            name="CancelJob",
            summary="Cancel a job that has not ended; what it has stored goes.",
            answers=(
                Answer(status=200, meaning="It is cancelled.", contents=_ONE),
                Answer(status=202, meaning="It will be.", contents=_ONE),
            ),
            errors=(403, 404, 409, 507),
        ),
        Operation(
            method="POST",
            path="/jobs/{job}/retry",
            name="RetryJob",
            summary="Try a job again that failed or was cancelled.",
            answers=(Answer(status=200, meaning="It waits.", contents=_ONE),),
            errors=(403, 404, 409, 507),
        ),
        Operation(
            method="GET",
            path="/protected",
            name="ListProtectedStudies",
            summary="List the studies that are protected from deletion.",
            answers=(
                Answer(status=200, meaning="Them.", contents={_JSON: _list("studies", TEXT)}),
            ),
            errors=(507,),
        ),
        Operation(
            method="PUT",
            path="/protected/{study}",
            name="ProtectStudy",
            summary="Protect a study: it is deleted neither for want of room nor as asked for.",
            answers=(Answer(status=204, meaning="It is."),),
            errors=(400, 403, 507),
        ),
        Operation(
            method="DELETE",
            path="/protected/{study}",
            name="UnprotectStudy",
            summary="Protect a study no more.",
            answers=(Answer(status=204, meaning="It may go."),),
            errors=(400, 403, 507),
        ),
    ),
)
