# SPDX-License-Identifier: Apache-2.0
"""UPS-RS, described (PS3.18 chapter 11)."""

from __future__ import annotations

from tileserver.described.drawing import ACCEPT
from tileserver.described.model import Answer, Operation, Parameter, Place, Service
from tileserver.described.schemas import (
    DATASETS,
    ERROR,
    WHOLE_NUMBER,
    binary,
    one_of,
    pattern,
    same,
)
from tileserver.settings import DICOMWEB_ROOT
from tileserver.ups.model import FILTERED_WORKLIST, WORKLIST

_DICOM_JSON, _JSON, _DICOM_XML = (
    "application/dicom+json",
    "application/json",
    "application/dicom+xml",
)
_MULTIPART = "multipart/related"
_WORKITEM = "/workitems/{workitem}"
_SUBSCRIBER = "/subscribers/{aetitle:path}"
_UID = pattern(r"^[0-9]+(\.[0-9]+)*$")
_BODY = binary(_DICOM_JSON, _JSON, _DICOM_XML, _MULTIPART)
_WORKITEMS = {**same(DATASETS, _DICOM_JSON, _JSON), **binary(_MULTIPART, _DICOM_XML)}
_BODY_ERRORS = (404, 409, 410, 413, 415, 503, 507)
_NUMBER = {**WHOLE_NUMBER, "maximum": 10**18 - 1}


def _uid(name: str, meaning: str) -> Parameter:
    return Parameter(name=name, meaning=meaning, schema={**_UID, "maxLength": 64})


def _done(status: int, meaning: str) -> tuple[Answer, ...]:
    return (Answer(status=status, meaning=meaning),)


_DELETION_LOCK = Parameter(
    name="deletionlock",
    meaning="Keep workitems that have ended.",
    schema=one_of("true", "false"),
)
_FILTER = Parameter(
    name="filter",
    meaning="Matching keys as attribute=value, parted by commas.",
    schema=pattern("^[^=]+="),
    is_required=True,
    example="PatientID=P-1",
)


def _subscription(
    path: str, name: str, meaning: str, *parameters: Parameter
) -> tuple[Operation, ...]:
    """Return what can be done with the subscriptions to a workitem or to a worklist."""
    suspend = Operation(
        method="POST",
        path=f"{path}{_SUBSCRIBER}/suspend",
        name=f"Suspend{name}Subscription",
        summary=f"Subscribe to no further workitems of {meaning}.",
        answers=_done(200, "Of new ones nothing is told."),
        errors=(404, 409, 410, 413, 503, 507),
    )
    return (
        *((suspend,) if path != _WORKITEM else ()),
        Operation(
            method="POST",
            path=path + _SUBSCRIBER,
            name=f"SubscribeTo{name}",
            summary=f"Subscribe to {meaning}.",
            parameters=(_DELETION_LOCK, *parameters),
            answers=_done(201, "Events come by the web socket at Content-Location."),
            errors=(404, 409, 410, 413, 415, 503, 507),
        ),
        Operation(
            method="DELETE",
            path=path + _SUBSCRIBER,
            name=f"UnsubscribeFrom{name}",
            summary=f"End a subscription to {meaning}.",
            answers=_done(200, "It has ended."),
            errors=(404, 409, 410, 503, 507),
        ),
    )


UPS = Service(
    title="Worklist",
    meaning="UPS-RS, PS3.18 11.",
    root=DICOMWEB_ROOT,
    path_parameters=(
        Parameter(
            name="workitem",
            meaning="SOP Instance UID of a workitem.",
            place=Place.PATH,
            schema={**_UID, "maxLength": 64},
        ),
        Parameter(
            name="aetitle",
            meaning="Of the subscriber.",
            place=Place.PATH,
            # Of ASCII without slash and backslash, and not of blanks and dots alone.
            schema={**pattern(r"^[ .]*[!-\-0-\[\]-~][ -.0-\[\]-~]*$"), "maxLength": 16},
        ),
    ),
    operations=(
        Operation(
            method="POST",
            path="/workitems",
            name="CreateWorkitem",
            summary="Put a workitem on the list.",
            parameters=(_uid("workitem", "SOP Instance UID that it gets."),),
            body=_BODY,
            answers=_done(201, "It is at Location."),
            errors=_BODY_ERRORS,
        ),
        Operation(
            method="GET",
            path="/workitems",
            name="SearchForWorkitems",
            summary="Search for workitems.",
            parameters=(
                Parameter(name="PatientName", meaning="One of the attributes that are matched."),
                Parameter(name="includefield", meaning="To return, or all.", example="all"),
                Parameter(name="limit", meaning="Most results.", schema=_NUMBER),
                Parameter(name="offset", meaning="Results to leave out.", schema=_NUMBER),
                Parameter(
                    name="fuzzymatching", meaning="Match words.", schema=one_of("true", "false")
                ),
                ACCEPT,
            ),
            answers=(
                Answer(status=200, meaning="All that match.", contents=_WORKITEMS),
                Answer(status=204, meaning="None matches."),
                Answer(status=206, meaning="Some; Link leads to more.", contents=_WORKITEMS),
            ),
            errors=(406, 507),
        ),
        Operation(
            method="GET",
            path=_WORKITEM,
            name="RetrieveWorkitem",
            summary="Give a workitem.",
            parameters=(ACCEPT,),
            answers=(Answer(status=200, meaning="The workitem.", contents=_WORKITEMS),),
            errors=(404, 406, 410, 507),
        ),
        Operation(
            method="POST",
            path=_WORKITEM,
            name="UpdateWorkitem",
            summary="Change attributes of a workitem.",
            parameters=(_uid("transaction-uid", "Transaction UID of who claimed it."),),
            body=_BODY,
            answers=_done(200, "They are changed."),
            errors=_BODY_ERRORS,
        ),
        Operation(
            method="PUT",
            path=_WORKITEM + "/state",
            name="ChangeWorkitemState",
            summary="Claim, complete or cancel a workitem.",
            body=_BODY,
            answers=_done(200, "It is in that state."),
            errors=_BODY_ERRORS,
        ),
        Operation(
            method="POST",
            path=_WORKITEM + "/cancelrequest",
            name="RequestWorkitemCancellation",
            summary="Ask for a workitem to be canceled.",
            body=_BODY,
            is_body_optional=True,
            answers=_done(202, "Who performs it is told."),
            errors=_BODY_ERRORS,
        ),
        *_subscription(f"/workitems/{WORKLIST}", "Worklist", "the worklist"),
        *_subscription(
            f"/workitems/{FILTERED_WORKLIST}", "FilteredWorklist", "the filtered worklist", _FILTER
        ),
        *_subscription(_WORKITEM, "Workitem", "a workitem"),
        Operation(
            method="GET",
            path="/subscribers/{aetitle:path}",
            name="OpenNotificationConnection",
            summary="Open a web socket (RFC 6455) that tells of events.",
            answers=(
                Answer(
                    status=426,
                    meaning="Only by a web socket.",
                    contents={_JSON: ERROR},
                ),
            ),
            errors=(404,),
        ),
    ),
)
