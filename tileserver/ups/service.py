# SPDX-License-Identifier: Apache-2.0
"""The verbs of the worklist: create, retrieve, update, change state, request to cancel, search.

References
----------
PS3.18 11.4 to 11.9, PS3.4 CC.2
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydicom.uid import generate_uid

from tileserver.services.included import narrowed
from tileserver.ups import conformity, reports
from tileserver.ups.dataset import (
    element,
    empty,
    first,
    has_value,
    items,
    kept,
    with_character_set,
)
from tileserver.ups.errors import (
    INCONSISTENT_WITH_STATE,
    INCONSISTENT_WITH_WORKITEM,
    NOT_CLAIMED,
    InvalidRequestError,
    WrongStateError,
)
from tileserver.ups.model import UPS_PUSH, WORKLISTS, Attributes, State, Workitem, tag
from tileserver.ups.requirements import ALWAYS_RETURNED, RETURNED_WITH_VALUE
from tileserver.ups.states import Decision, check_owner, decide
from tileserver.ups.workitems import SOP_INSTANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tileserver.index import Condition
    from tileserver.services.included import Included
    from tileserver.ups.store import Records, WorklistStore

    ReadFilter = Callable[[tuple[tuple[str, str], ...]], tuple[Condition, ...]]

SOP_CLASS = tag("SOPClassUID")
TRANSACTION = tag("TransactionUID")
_MODIFIED = tag("ScheduledProcedureStepModificationDateTime")
_LABEL = tag("WorklistLabel")
_CANCELED_AT = tag("ProcedureStepCancellationDateTime")
_REASON_CODE = tag("ProcedureStepDiscontinuationReasonCodeSequence")
_UNSPECIFIED = {
    tag("CodeValue"): element("SH", "110513"),
    tag("CodingSchemeDesignator"): element("SH", "DCM"),
    tag("CodeMeaning"): element("LO", "Discontinued for unspecified reason"),
}
_DEFAULT_LABEL = "DEFAULT"
_DAY_MS = 24 * 3600 * 1000


class Worklist:
    """The workitems of a server.

    Parameters
    ----------
    keep_days
        How long a workitem is kept once it is in a final state.
    read_filter
        Makes conditions of the matching keys of a subscription.
    """

    def __init__(self, store: WorklistStore, keep_days: int, read_filter: ReadFilter) -> None:
        self._store = store
        self._read_filter = read_filter
        self._keep_ms = keep_days * _DAY_MS

    def create(self, uid: str | None, given: Attributes) -> tuple[str, bool]:
        """Put a workitem on the list.

        Parameters
        ----------
        uid
            Of the workitem; where not given, that within it, else a new one.

        Returns
        -------
        uid
            Of the workitem.
        is_modified
            Whether it has more than what was sent.

        Raises
        ------
        InvalidRequestError
            It is not as the standard wants a new workitem.
        WrongStateError
            There is one of this UID, or was.
        """
        workitem, is_modified = _new(uid, given)
        with self._store.writing() as records:
            if records.workitems.is_there(workitem.uid) or records.workitems.is_gone(workitem.uid):
                raise WrongStateError("a workitem of this UID exists already")
            records.workitems.add(workitem)
            self._include(records, workitem)
            self._delete_due(records)
        return workitem.uid, is_modified

    def retrieve(self, uid: str) -> Attributes:
        """Return a workitem, without its Transaction UID.

        Raises
        ------
        NotFoundError, GoneError
            There is none, or no longer.
        """
        with self._store.reading() as records:
            return records.workitems.find(uid).attributes

    def update(self, uid: str, transaction_uid: str | None, given: Attributes) -> None:
        """Change attributes of a workitem.

        Raises
        ------
        InvalidRequestError
            It is finished, comes from another than the owner, or makes no sense.
        WrongStateError
            It is meant for a claimed workitem, and this is not.
        NotFoundError, GoneError
            There is none, or no longer.
        """
        changes = {name: value for name, value in kept(given).items() if name != TRANSACTION}
        with self._store.writing() as records:
            before = records.workitems.find(uid)
            _check_updatable(before, transaction_uid)
            attributes = conformity.changed(before.attributes, changes)
            after = replace(before, attributes=attributes)
            if attributes == before.attributes:
                return
            after = _stamped(replace(before, attributes=with_character_set(attributes)))
            records.workitems.replace(after)
            _tell(records, uid, reports.of_change(before, after))
            self._include(records, after, before)

    def change_state(self, uid: str, transaction_uid: str | None, requested: State) -> bool:
        """Claim, complete or cancel a workitem.

        Returns
        -------
        is_changed
            False where it was in this final state already.

        Raises
        ------
        InvalidRequestError
            It comes from another than the owner.
        WrongStateError
            The change is not legal, or the workitem not ready for it.
        NotFoundError, GoneError
            There is none, or no longer.
        """
        with self._store.writing() as records:
            workitem = records.workitems.find(uid)
            if decide(workitem, requested, transaction_uid) is Decision.ALREADY:
                return False
            workitem = replace(workitem, transaction_uid=transaction_uid)
            self._enter(records, workitem, requested)
            self._delete_due(records)
        return True

    def request_cancel(self, uid: str, request: Attributes) -> bool:
        """Ask that a workitem be canceled: done at once where nobody has claimed it.

        Returns
        -------
        is_accepted
            False where it was canceled already.

        Raises
        ------
        WrongStateError
            It is completed.
        NotFoundError, GoneError
            There is none, or no longer.
        """
        with self._store.writing() as records:
            workitem = records.workitems.find(uid)
            if workitem.state is State.CANCELED:
                return False
            if workitem.state is State.COMPLETED:
                raise WrongStateError("the workitem is completed", INCONSISTENT_WITH_STATE)
            _tell(records, uid, [reports.cancel_requested(uid, request)])
            if workitem.state is State.SCHEDULED:
                claimed = replace(workitem, transaction_uid=str(generate_uid(prefix=None)))
                claimed = self._enter(records, _with_reason(claimed, request), State.IN_PROGRESS)
                self._enter(records, claimed, State.CANCELED)
                self._delete_due(records)
        return True

    def search(
        self,
        conditions: Sequence[Condition],
        included: Included,
        limit: int,
        offset: int,
        counted: int,
    ) -> tuple[list[Attributes], int]:
        """Return the workitems that match, and how many there are behind them.

        Parameters
        ----------
        counted
            How far these are counted.
        """
        with self._store.reading() as records:
            found, remaining = records.workitems.search(conditions, limit, offset, counted)
        return [_answer(each, included) for each in found], remaining

    def _enter(self, records: Records, workitem: Workitem, state: State) -> Workitem:
        """Bring a workitem into a state, and tell so."""
        before = workitem
        if state is State.CANCELED:
            workitem = _with_cancellation(workitem)
        if state.is_final:
            lacking = conformity.missing(workitem.attributes, state)
            if lacking:
                raise WrongStateError(
                    f"before {state}, a value is needed of {', '.join(lacking)}",
                    INCONSISTENT_WITH_STATE,
                )
        attributes = workitem.attributes | {reports.STATE: element("CS", str(state))}
        workitem = _stamped(replace(workitem, state=state, attributes=attributes))
        records.workitems.replace(workitem, _now_ms() if state.is_final else None)
        _tell(records, workitem.uid, [reports.state_report(workitem)])
        self._include(records, workitem, before)
        return workitem

    def _include(self, records: Records, after: Workitem, before: Workitem | None = None) -> None:
        """Subscribe those to whose worklist a workitem has come; tell them of it as of a new one.

        To the whole worklist it comes with its creation, to a filtered one also when it changes so
        that it matches. Who unsubscribed from it stays so as long as it matches.
        """
        told = set(records.subscribers.of_workitem(after.uid))
        found = set()
        for each in records.subscribers.globally():
            if each.aetitle in told:
                continue
            conditions = self._read_filter(each.filter)
            if records.workitems.matches(after, conditions) and (
                before is None or not records.workitems.matches(before, conditions)
            ):
                records.subscribers.include(each, after.uid)
                found.add(each.aetitle)
        records.notices.add(sorted(found), reports.of_creation(after))

    def _delete_due(self, records: Records) -> None:
        records.workitems.delete_due(_now_ms() - self._keep_ms)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _now() -> str:
    """Return the time as DT."""
    return f"{datetime.now(UTC):%Y%m%d%H%M%S.%f}+0000"


def _new(uid: str | None, given: Attributes) -> tuple[Workitem, bool]:
    uid = _uid_of_new(uid, given)
    if has_value(given, TRANSACTION):
        raise InvalidRequestError("TransactionUID is empty in a new workitem")
    if first(given, reports.STATE) not in (None, State.SCHEDULED):
        raise InvalidRequestError("ProcedureStepState of a new workitem is SCHEDULED")
    apart = (SOP_INSTANCE, TRANSACTION)
    sent = {name: value for name, value in kept(given).items() if name not in apart}
    attributes, is_modified = conformity.completed(sent | {TRANSACTION: empty(TRANSACTION)})
    del attributes[TRANSACTION]
    if not has_value(attributes, _LABEL):
        attributes[_LABEL] = element("LO", _DEFAULT_LABEL)
        is_modified = True
    attributes |= {SOP_CLASS: element("UI", UPS_PUSH), SOP_INSTANCE: element("UI", uid)}
    workitem = Workitem(uid, State.SCHEDULED, None, with_character_set(attributes))
    return _stamped(workitem), is_modified


def _uid_of_new(uid: str | None, given: Attributes) -> str:
    told = {uid, first(given, SOP_INSTANCE), first(given, reports.AFFECTED_UID)} - {None}
    if len(told) > 1:
        raise InvalidRequestError("the workitem has another UID than the request")
    if told & set(WORKLISTS):
        raise InvalidRequestError("a workitem cannot have the UID of a worklist")
    return next(iter(told), None) or str(generate_uid(prefix=None))


def _stamped(workitem: Workitem) -> Workitem:
    """Return a workitem with the time of its change, its attributes in order."""
    attributes = workitem.attributes | {_MODIFIED: element("DT", _now())}
    return replace(workitem, attributes=dict(sorted(attributes.items())))


def _tell(records: Records, uid: str, found: Sequence[Attributes]) -> None:
    records.notices.add(records.subscribers.of_workitem(uid), found)


def _check_updatable(workitem: Workitem, transaction_uid: str | None) -> None:
    if workitem.state.is_final:
        raise InvalidRequestError("the workitem is in a final state", INCONSISTENT_WITH_WORKITEM)
    if workitem.state is State.IN_PROGRESS:
        check_owner(workitem, transaction_uid, INCONSISTENT_WITH_WORKITEM)
    elif transaction_uid is not None:
        raise WrongStateError("the workitem is not claimed", NOT_CLAIMED)


def _with_reason(workitem: Workitem, request: Attributes) -> Workitem:
    """Return a workitem with the reason that somebody gave to cancel it."""
    names = (tag("ReasonForCancellation"), _REASON_CODE)
    return _with_progress(workitem, {n: request[n] for n in names if has_value(request, n)})


def _with_cancellation(workitem: Workitem) -> Workitem:
    """Return a workitem with what a canceled one must have, where its owner left that open."""
    found = {
        _CANCELED_AT: element("DT", _now()),
        _REASON_CODE: element("SQ", _UNSPECIFIED),
    }
    progress = items(workitem.attributes, reports.PROGRESS)[:1] or [{}]
    return _with_progress(
        workitem, {n: v for n, v in found.items() if not has_value(progress[0], n)}
    )


def _with_progress(workitem: Workitem, found: Attributes) -> Workitem:
    """Return a workitem with attributes put into its Progress Information Sequence."""
    if not found:
        return workitem
    progress, *others = items(workitem.attributes, reports.PROGRESS) or [{}]
    progress = dict(sorted((progress | found).items()))
    attributes = workitem.attributes | {reports.PROGRESS: element("SQ", progress, *others)}
    return replace(workitem, attributes=attributes)


def _answer(attributes: Attributes, included: Included) -> Attributes:
    """Return what a search returns of a workitem."""
    if included.everything:
        return attributes
    found = {
        name: value
        for name, value in attributes.items()
        if name in ALWAYS_RETURNED or (name in RETURNED_WITH_VALUE and has_value(attributes, name))
    }
    for name in included.tags & attributes.keys() - found.keys():
        part = narrowed(attributes[name], included.below(name))
        found |= {name: part} if part is not None else {}
    lacking = {name: empty(name) for name in ALWAYS_RETURNED - found.keys()}
    return dict(sorted((found | lacking).items()))
