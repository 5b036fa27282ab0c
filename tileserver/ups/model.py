# SPDX-License-Identifier: Apache-2.0
"""What a worklist is made of.

References
----------
PS3.4 CC.1.1 (states), CC.2.3 (subscriptions), CC.2.4 (events), CC.3.1 (UIDs); PS3.3 B.26.2 (the
Unified Procedure Step object)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from pydicom.datadict import tag_for_keyword

Element = dict[str, object]
Attributes = dict[str, Element]
"""A dataset in DICOM JSON."""

UPS_PUSH = "1.2.840.10008.5.1.4.34.6.1"
"""The SOP Class of every workitem, whichever service works on it (PS3.4 CC.3.1)."""
WORKLIST = "1.2.840.10008.5.1.4.34.5"
FILTERED_WORKLIST = "1.2.840.10008.5.1.4.34.5.1"
WORKLISTS = (WORKLIST, FILTERED_WORKLIST)


def tag(keyword: str) -> str:
    """Return the tag of a keyword, eight upper-case digits."""
    found = tag_for_keyword(keyword)
    assert found is not None, keyword
    return f"{found:08X}"


class State(StrEnum):
    """Of a workitem."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """Whether nothing may change any more."""
        return self in (State.COMPLETED, State.CANCELED)


class EventType(IntEnum):
    """Of a report to subscribers (PS3.4 table CC.2.4-1)."""

    STATE_REPORT = 1
    CANCEL_REQUESTED = 2
    PROGRESS_REPORT = 3
    SERVER_STATUS_CHANGE = 4
    ASSIGNED = 5


@dataclass(frozen=True, slots=True)
class Workitem:
    """A procedure step.

    Parameters
    ----------
    transaction_uid
        What its owner proves to be the owner with; never part of the attributes.
    attributes
        All others, SOP Instance UID and state too.
    """

    uid: str
    state: State
    transaction_uid: str | None = field(repr=False)
    attributes: Attributes = field(repr=False)


@dataclass(frozen=True, slots=True)
class GlobalSubscription:
    """A subscription to what will be created, too.

    Parameters
    ----------
    uid
        `WORKLIST` or `FILTERED_WORKLIST`.
    filter
        Names and values of matching keys; none for all workitems.
    """

    aetitle: str
    uid: str
    deletion_lock: bool
    filter: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """An event report on its way to a subscriber.

    Parameters
    ----------
    sequence
        Grows with each report of the server.
    report
        As DICOM JSON.
    """

    sequence: int
    report: Attributes = field(repr=False)
