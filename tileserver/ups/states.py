# SPDX-License-Identifier: Apache-2.0
"""Which changes of state are legal, and what is answered to those that are not.

References
----------
PS3.4 table CC.1.1-2 (state transitions), tables CC.2.1-2 and CC.2.2-2 (status codes); PS3.18
11.7.3 (their HTTP status and warnings)
"""

from __future__ import annotations

import hmac
from enum import Enum, auto
from typing import TYPE_CHECKING

from tileserver.ups.errors import (
    INCONSISTENT_WITH_STATE,
    UID_INCORRECT,
    UID_MISSING,
    InvalidRequestError,
    WrongStateError,
)
from tileserver.ups.model import State

if TYPE_CHECKING:
    from tileserver.ups.model import Workitem


class Decision(Enum):
    """What is done about a legal request."""

    CHANGE = auto()
    ALREADY = auto()
    """The workitem is in this state."""


_FINAL = "the workitem is in a final state"  # C300
_CLAIMED = "the workitem is claimed already"  # C302
_NEVER = "a workitem becomes SCHEDULED only by being created"  # C303
_NOT_CLAIMED = "the workitem is not claimed"  # C310
_S, _P, _C, _X = State.SCHEDULED, State.IN_PROGRESS, State.COMPLETED, State.CANCELED
_TRANSITIONS: dict[State, dict[State, Decision | str]] = {
    # asked for, by state: what is done, or why not
    _S: {_S: _NEVER, _P: _NEVER, _C: _NEVER, _X: _NEVER},
    _P: {_S: Decision.CHANGE, _P: _CLAIMED, _C: _FINAL, _X: _FINAL},
    _C: {_S: _NOT_CLAIMED, _P: Decision.CHANGE, _C: Decision.ALREADY, _X: _FINAL},
    _X: {_S: _NOT_CLAIMED, _P: Decision.CHANGE, _C: _FINAL, _X: Decision.ALREADY},
}


def decide(workitem: Workitem, requested: State, transaction_uid: str | None) -> Decision:
    """Return what to do about a request to change the state.

    Raises
    ------
    InvalidRequestError
        The Transaction UID is missing or not that of the owner.
    WrongStateError
        The change is not legal.
    """
    if requested is not State.SCHEDULED:
        check_owner(workitem, transaction_uid)
    decision = _TRANSITIONS[requested][workitem.state]
    if isinstance(decision, str):
        raise WrongStateError(decision, INCONSISTENT_WITH_STATE)
    return decision


def check_owner(workitem: Workitem, transaction_uid: str | None, *warnings: str) -> None:
    """Make sure that a request comes from the owner; while there is none, from anybody.

    Parameters
    ----------
    warnings
        Given along where it does not.

    Raises
    ------
    InvalidRequestError
        It does not.
    """
    if transaction_uid is None:
        raise InvalidRequestError("the Transaction UID is missing", *warnings, UID_MISSING)
    if workitem.state is not State.SCHEDULED and not hmac.compare_digest(
        transaction_uid, workitem.transaction_uid or ""
    ):
        raise InvalidRequestError("the Transaction UID is incorrect", *warnings, UID_INCORRECT)
