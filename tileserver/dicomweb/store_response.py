# SPDX-License-Identifier: Apache-2.0
"""The answer to a store request: what is stored, with warnings, and what is not, with reasons.

References
----------
PS3.18 10.5.3 (response), I.2 (Store Instances Response Module), PS3.19 A.1 (XML)
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.responses import Response

from dicomizer.dicom.native_xml import to_xml
from tileserver.addresses import dicomweb_root
from tileserver.dicomweb.responses import json_response, warn
from tileserver.errors import (
    BadRequestError,
    BusyError,
    ConflictError,
    InvalidInstanceError,
    StorageError,
    TileserverError,
    UnsupportedSyntaxError,
    WrongStudyError,
    http_status,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from dicomizer.dicom.dicom_json import JsonDataset
    from tileserver.dicomweb.store_parts import Outcome
    from tileserver.services.ingest import Ingested

_logger = logging.getLogger(__name__)
DICOM_XML = "application/dicom+xml"
_MOST_LOGGED = 20
"""Failures of a request; a sender that has one wrong has it wrong everywhere."""
FAILURE_REASON: dict[type[TileserverError], int] = {
    BusyError: 0x0110,  # processing failure
    ConflictError: 0x0111,  # duplicate SOP Instance (PS3.7 C.5.6); table I.2-2 has none for it
    StorageError: 0xA700,  # out of resources
    WrongStudyError: 0xA900,  # does not match
    InvalidInstanceError: 0xC000,  # cannot understand
    UnsupportedSyntaxError: 0xC122,  # transfer syntax not supported
}


def store_response(request: Request, outcome: Outcome, *, is_xml: bool) -> Response:
    """Return the Store Instances Response.

    What cannot even be named goes to Other Failures Sequence, as the items of Failed SOP Sequence
    must have their UIDs.

    Raises
    ------
    BadRequestError
        There was nothing to store.
    """
    if not outcome.stored and not outcome.failed:
        raise BadRequestError("the body has no instance")
    _log(outcome.failed)
    root = dicomweb_root(request)
    body = dict(sorted(_body(root, outcome).items()))
    if is_xml:
        response = Response(to_xml(body), status_code=_status(outcome), media_type=DICOM_XML)
    else:
        response = json_response(body, status=_status(outcome))
    address = _location(root, outcome)
    if address is not None:
        response.headers["Location"] = address
    if _is_for_the_disk(outcome):
        # For people: the response itself has numbers only.
        warn(request, response, str(outcome.failed[0]))
    return response


def _location(root: str, outcome: Outcome) -> str | None:
    """Return where what is stored is to be had: the instance where it is one, else their study.

    Of several studies none is told, as the header field has one address.
    """
    if len(outcome.stored) == 1:
        return _address(root, outcome.stored[0])
    studies = {item.study_instance_uid for item in outcome.stored}
    return f"{root}/studies/{studies.pop()}" if len(studies) == 1 else None


def _log(failed: Sequence[TileserverError]) -> None:
    """Write why instances are not stored: the response has a number for many reasons at most."""
    for error in failed[:_MOST_LOGGED]:
        level = logging.ERROR if isinstance(error, StorageError) else logging.INFO
        _logger.log(level, "instance not stored: %s: %s", type(error).__name__, error)
    if len(failed) > _MOST_LOGGED:
        _logger.info("and %d more instances not stored", len(failed) - _MOST_LOGGED)


def _status(outcome: Outcome) -> int:
    """Return 200 for all and nothing odd, 202 for some or something odd, 409 or 507 for none."""
    if not outcome.stored:
        return http_status(outcome.failed[0]) if _is_for_the_disk(outcome) else 409
    return 202 if outcome.failed or any(i.warning is not None for i in outcome.stored) else 200


def _is_for_the_disk(outcome: Outcome) -> bool:
    """Tell whether nothing is stored, and for no fault of who sent it."""
    return not outcome.stored and all(isinstance(error, StorageError) for error in outcome.failed)


def _body(root: str, outcome: Outcome) -> JsonDataset:
    body: JsonDataset = {}
    if outcome.stored:
        body["00081199"] = {"vr": "SQ", "Value": [_reference(root, i) for i in outcome.stored]}
        studies = {item.study_instance_uid for item in outcome.stored}
        if len(studies) == 1:
            body["00081190"] = {"vr": "UR", "Value": [f"{root}/studies/{studies.pop()}"]}
    for tag, is_named in (("00081198", True), ("0008119A", False)):
        failures = [_failure(e) for e in outcome.failed if (_uids(e) is not None) == is_named]
        if failures:
            body[tag] = {"vr": "SQ", "Value": failures}
    return body


def _uids(error: TileserverError) -> tuple[str, str] | None:
    uids: tuple[str, str] | None = getattr(error, "uids", None)
    return uids


def _failure(error: TileserverError) -> JsonDataset:
    names: JsonDataset = {}
    uids = _uids(error)
    if uids is not None:
        names["00081150"] = {"vr": "UI", "Value": [uids[0]]}
        names["00081155"] = {"vr": "UI", "Value": [uids[1]]}
    kind = next(kind for kind in type(error).__mro__ if kind in FAILURE_REASON)
    return names | {"00081197": {"vr": "US", "Value": [FAILURE_REASON[kind]]}}


def _address(root: str, item: Ingested) -> str:
    return (
        f"{root}/studies/{item.study_instance_uid}/series/{item.series_instance_uid}"
        f"/instances/{item.sop_instance_uid}"
    )


def _reference(root: str, item: Ingested) -> JsonDataset:
    reference: JsonDataset = {
        "00081150": {"vr": "UI", "Value": [item.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [item.sop_instance_uid]},
        "00081190": {"vr": "UR", "Value": [_address(root, item)]},
    }
    if item.warning is not None:
        reference["00081196"] = {"vr": "US", "Value": [int(item.warning)]}
    return reference
