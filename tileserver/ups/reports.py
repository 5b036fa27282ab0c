# SPDX-License-Identifier: Apache-2.0
"""Event reports: what subscribers are told of a workitem, as DICOM JSON.

References
----------
PS3.4 CC.2.4 (events and their attributes), PS3.18 11.13 (their form)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.ups.dataset import element, first, has_value, items, with_character_set
from tileserver.ups.model import UPS_PUSH, WORKLIST, EventType, tag

if TYPE_CHECKING:
    from tileserver.ups.model import Attributes, Workitem

AFFECTED_CLASS, MESSAGE_ID, AFFECTED_UID, EVENT_TYPE = (
    "00000002", "00000110", "00001000", "00001002",
)  # fmt: skip
STATE = tag("ProcedureStepState")
READINESS = tag("InputReadinessState")
PROGRESS = tag("ProcedureStepProgressInformationSequence")
STATION = tag("ScheduledStationNameCodeSequence")
PERFORMERS = tag("ScheduledHumanPerformersSequence")
_PERFORMER_CODE = tag("HumanPerformerCodeSequence")
_ORGANIZATION = tag("HumanPerformerOrganization")
_REASON = tag("ReasonForCancellation")
_REASON_CODE = tag("ProcedureStepDiscontinuationReasonCodeSequence")
_OF_CANCEL_REQUEST = (_REASON, _REASON_CODE, tag("ContactURI"), tag("ContactDisplayName"))
_REQUESTING_AE = tag("RequestingAE")
_TOLD_OF_PROGRESS = tuple(
    map(tag, ("ProcedureStepProgress", "ProcedureStepProgressDescription",
              "ProcedureStepCommunicationsURISequence"))
)  # fmt: skip
_UNKNOWN_AE = "UNKNOWN"
"""HTTP has no AE title for who asks; the event must have one."""


def _report(kind: EventType, uid: str, attributes: Attributes) -> Attributes:
    command: Attributes = {
        AFFECTED_CLASS: element("UI", UPS_PUSH),
        AFFECTED_UID: element("UI", uid),
        EVENT_TYPE: element("US", int(kind)),
    }
    return dict(sorted((command | with_character_set(attributes)).items()))


def state_report(workitem: Workitem) -> Attributes:
    """Tell the state, and whether the input is ready."""
    found = _picked(workitem.attributes, STATE, READINESS)
    for progress in items(workitem.attributes, PROGRESS)[:1]:
        found |= _picked(progress, _REASON, _REASON_CODE)
    return _report(EventType.STATE_REPORT, workitem.uid, found)


def cancel_requested(uid: str, request: Attributes) -> Attributes:
    """Tell that somebody would like a workitem to be canceled, and why."""
    asker = first(request, _REQUESTING_AE) or _UNKNOWN_AE
    found = _picked(request, *_OF_CANCEL_REQUEST) | {_REQUESTING_AE: element("AE", asker)}
    return _report(EventType.CANCEL_REQUESTED, uid, found)


def progress_report(workitem: Workitem) -> Attributes:
    """Tell how far the work has come."""
    return _report(EventType.PROGRESS_REPORT, workitem.uid, _picked(workitem.attributes, PROGRESS))


def assigned(workitem: Workitem) -> Attributes:
    """Tell which station and who is to do the work."""
    found = _picked(workitem.attributes, STATION, PERFORMERS)
    performers = items(workitem.attributes, PERFORMERS)
    codes = [code for each in performers for code in items(each, _PERFORMER_CODE)]
    if codes:
        found[_PERFORMER_CODE] = element("SQ", *codes)
    for each in performers[:1]:
        found |= _picked(each, _ORGANIZATION)
    return _report(EventType.ASSIGNED, workitem.uid, found)


def restarted() -> Attributes:
    """Tell that the server was started again, with all it knew before."""
    found = {
        tag("SCPStatus"): element("CS", "RESTARTED"),
        tag("SubscriptionListStatus"): element("CS", "WARM START"),
        tag("UnifiedProcedureStepListStatus"): element("CS", "WARM START"),
    }
    return _report(EventType.SERVER_STATUS_CHANGE, WORKLIST, found)


def of_creation(workitem: Workitem) -> list[Attributes]:
    """Return what is told of a new workitem."""
    found = [state_report(workitem)]
    if any(has_value(workitem.attributes, each) for each in (STATION, PERFORMERS)):
        found.append(assigned(workitem))
    return found


def of_change(before: Workitem, after: Workitem) -> list[Attributes]:
    """Return what is told of a change of attributes; nothing where nothing is new."""

    def differs(*tags: str) -> bool:
        return any(before.attributes.get(each) != after.attributes.get(each) for each in tags)

    found = []
    if differs(READINESS):
        found.append(state_report(after))
    if differs(STATION, PERFORMERS):
        found.append(assigned(after))
    if _progress(before) != _progress(after):
        found.append(progress_report(after))
    return found


def _progress(workitem: Workitem) -> list[Attributes]:
    return [_picked(each, *_TOLD_OF_PROGRESS) for each in items(workitem.attributes, PROGRESS)]


def _picked(dataset: Attributes, *tags: str) -> Attributes:
    """Return attributes where they have a value."""
    return {each: dataset[each] for each in tags if has_value(dataset, each)}
