# SPDX-License-Identifier: Apache-2.0
"""The real server keeps to its OpenAPI document, whatever schemathesis sends it.

``COVERSLIP_CONTRACT`` sets how many requests of each kind an operation gets, such as 300 for a
long search, which also asks HEAD and OPTIONS of everything.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator

import instances
import picture_archive
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, Config, GenerationMode
from schemathesis.core import NOT_SET
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from servers import STOW_TYPE, Server, multipart, serving

from tileserver.app import SERVICES
from tileserver.described import openapi

ASKED = os.environ.get("COVERSLIP_CONTRACT")
EXAMPLES = int(ASKED or 4)
# A valid request can come too late, or to what is not there or not to be had in that form.
POSITIVE = ["2xx", "303", "304", "404", "406", "409", "413", "416", "426"]
NEGATIVE = ["400", "404", "406", "412", "413", "415", "416"]
# No schema knows these: what is stored, two parameters that go together, dates.
DEPENDS = re.compile(
    "region lies outside|region has no|for a region of|less than a pixel|does not tell"
    "|no such optical path|(viewport|size|region): found|single frame|frameNumber|at most [0-9,]+"
    "|found the width|windowCenter and|StudyDate:|not for application/dicom|not for pictures"
    "|larger mpp|within 10,000,000|above 0|is no attribute|Upload-Metadata|Upload-Checksum"
)
SCHEMA = schemathesis.openapi.from_dict(
    openapi(SERVICES, "http://127.0.0.1"),
    config=Config.from_dict(
        {
            "seed": 5,
            "generation": {"deterministic": True},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": POSITIVE},
                "negative_data_rejection": {"expected-statuses": NEGATIVE},
                # Of tus: another version of the protocol, or none.
                "missing_required_header": {"expected-statuses": ["400", "412"]},
            },
        }
    ),
)


def _place(
    series: str, number: int, study: str = picture_archive.STUDY, **more: str
) -> dict[str, str]:
    found = {"study": study, "series": series, "instance": f"{series}.{number}"}
    return {**found, "pyramid": picture_archive.PYRAMID_UID, "path": "7FE00010", **more}


PLACES = (
    _place(picture_archive.PYRAMID, 1),
    _place(picture_archive.CT, 1),
    _place(picture_archive.FILM, 1, frames="2,1"),
    _place(picture_archive.REPORT, 1),
    _place(picture_archive.PYRAMID, 3, frames="1"),
    _place(picture_archive.STAINS, 1, frames="1"),
)
DOOMED = instances.written(instances.slide([instances.jpeg(10)], StudyInstanceUID="1.2.66"))
WORKITEM = (
    b'[{"00741000":{"vr":"CS","Value":["IN PROGRESS"]},"00081195":{"vr":"UI","Value":["1.2.3"]}}]'
)
BODIES = {
    "application/dicom": (DOOMED, DOOMED[:500], b"no DICOM"),
    "multipart/related": (multipart([DOOMED]), multipart([DOOMED[:500], b""]), b"--none"),
    "application/dicom+json": (b"[]", b'[{"00080018":{"vr":"UI","Value":["1.2"]}}]', b"{"),
    "application/dicom+xml": (b"<NativeDicomModel/>", b"<a>"),
    "application/json": (WORKITEM, b"[{}]", b"{", b'{"kind": "recycle"}'),
    "application/offset+octet-stream": (b"", b"some bytes"),
}
_turns = itertools.cycle(range(60))


@schemathesis.serializer(*BODIES)
def _body(context, _: object) -> bytes:
    bodies = BODIES[context.case.media_type]
    return bodies[next(_turns) % len(bodies)]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("contract") / "data") as running:
        assert running.store(*picture_archive.build()).status_code == 200
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as found:
        yield found


def is_valid(case: Case, location: ParameterLocation) -> bool:
    component = case.meta.components.get(location)
    return component is None or component.mode is GenerationMode.POSITIVE


def put_where_something_is(case: Case) -> None:
    """Let two of three valid paths lead to what is stored."""
    turn = next(_turns)
    if case.method == "DELETE" or not is_valid(case, ParameterLocation.PATH) or turn % 3 == 2:
        return
    place = PLACES[turn % len(PLACES)]
    for name in case.path_parameters:
        case.path_parameters[name] = place.get(name, case.path_parameters[name])


def leave_out_waiting(case: Case) -> None:
    """Let no answer take as long as a request may tell it to."""
    if case.path == "/changes" and is_valid(case, ParameterLocation.QUERY) and case.query:
        case.query.pop("wait", None)


def is_left_out(context: schemathesis.HookContext) -> bool:
    """Tell whether an operation is much like another: only a long search asks for it.

    What tells of all jobs never comes to an end.
    """
    if context.operation.path == "/api/jobs/events":
        return True
    if ASKED:
        return False
    operation = context.operation
    return operation.method.upper() in ("HEAD", "OPTIONS") or bool(
        re.match("/tiles/{study}/{series}/(iiif|slide|xyz|region)", operation.path)
    )


def depends(case: Case, response: schemathesis.Response) -> bool:
    """Tell whether a request was refused for what no schema says."""
    if case.body is not NOT_SET and response.status_code in (400, 415):
        return True
    if response.status_code != 400:
        return False
    return case.method == "HEAD" or bool(DEPENDS.search(response.json()["message"]))


@SCHEMA.exclude(is_left_out).parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_the_server_keeps_to_its_document(case, server, session):
    put_where_something_is(case)
    leave_out_waiting(case)
    headers = {"Content-Type": STOW_TYPE} if case.media_type == "multipart/related" else {}
    response = case.call(base_url=server.address, session=session, headers=headers)
    excluded = [positive_data_acceptance] if depends(case, response) else []
    if not is_valid(case, ParameterLocation.HEADER):
        excluded.append(negative_data_rejection)  # header fields that nobody knows do no harm
    case.validate_response(response, excluded_checks=excluded)
