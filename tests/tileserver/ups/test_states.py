# SPDX-License-Identifier: Apache-2.0
"""Workitems are claimed, completed and canceled as PS3.18 11.7 and 11.8, PS3.4 CC.1.1 say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from worklist import PERFORMED, code, warnings

INCONSISTENT = "The submitted request is inconsistent with the state of the UPS Instance."
MISSING = "The Transaction UID is missing."
INCORRECT = "The Transaction UID is incorrect."
STATES = ("SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED")


def in_state(worklist, state: str) -> tuple[str, str]:
    """Return a workitem in a state and the Transaction UID of its owner."""
    if state == "SCHEDULED":
        return worklist.add(), "9.9.9"
    uid, owner = worklist.claimed()
    if state == "COMPLETED":
        assert worklist.update(uid, PERFORMED, owner).status_code == 200
    if state != "IN PROGRESS":
        assert worklist.change(uid, state, owner).status_code == 200
    return uid, owner


def already(state: str) -> list[str]:
    return [f"The UPS is already in the requested state of {state}."]


@pytest.mark.parametrize(
    ("before", "asked", "status", "told"),
    [
        ("SCHEDULED", "IN PROGRESS", 200, []),
        ("IN PROGRESS", "IN PROGRESS", 409, [INCONSISTENT]),
        ("COMPLETED", "IN PROGRESS", 409, [INCONSISTENT]),
        ("CANCELED", "IN PROGRESS", 409, [INCONSISTENT]),
        ("SCHEDULED", "SCHEDULED", 409, [INCONSISTENT]),
        ("IN PROGRESS", "SCHEDULED", 409, [INCONSISTENT]),
        ("COMPLETED", "SCHEDULED", 409, [INCONSISTENT]),
        ("CANCELED", "SCHEDULED", 409, [INCONSISTENT]),
        ("SCHEDULED", "COMPLETED", 409, [INCONSISTENT]),
        ("COMPLETED", "COMPLETED", 200, already("COMPLETED")),
        ("CANCELED", "COMPLETED", 409, [INCONSISTENT]),
        ("SCHEDULED", "CANCELED", 409, [INCONSISTENT]),
        ("IN PROGRESS", "CANCELED", 200, []),
        ("IN PROGRESS", "CANCELLED", 200, []),
        ("COMPLETED", "CANCELED", 409, [INCONSISTENT]),
        ("CANCELED", "CANCELED", 200, already("CANCELED")),
    ],
)
def test_only_legal_changes_are_made_for_the_owner(worklist, before, asked, status, told):
    uid, owner = in_state(worklist, before)

    answer = worklist.change(uid, asked, owner)

    assert (answer.status_code, warnings(answer)) == (status, told), answer.text
    wanted = "CANCELED" if asked == "CANCELLED" else asked
    assert worklist.state(uid) == (wanted if status == 200 else before)


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("asked", ["IN PROGRESS", "COMPLETED", "CANCELED"])
def test_nothing_is_changed_without_the_transaction_uid(worklist, before, asked):
    uid, _ = in_state(worklist, before)

    answer = worklist.change(uid, asked, None)

    assert (answer.status_code, warnings(answer)) == (400, [MISSING])
    assert worklist.state(uid) == before


@pytest.mark.parametrize("before", STATES[1:])
@pytest.mark.parametrize("asked", ["IN PROGRESS", "COMPLETED", "CANCELED"])
def test_nothing_is_changed_for_anybody_but_the_owner(worklist, before, asked):
    uid, _ = in_state(worklist, before)

    answer = worklist.change(uid, asked, "6.6.6")

    assert (answer.status_code, warnings(answer)) == (400, [INCORRECT])
    assert worklist.state(uid) == before


@pytest.mark.parametrize(
    "body",
    [
        {"00741000": {"vr": "CS", "Value": ["DONE"]}},
        {"00081195": {"vr": "UI", "Value": ["1.2"]}},
        {
            "00741000": {"vr": "CS", "Value": ["IN PROGRESS"]},
            "00081195": {"vr": "UI", "Value": ["x"]},
        },
        {},
    ],
)
def test_a_request_without_a_state_or_with_a_broken_uid_makes_no_sense(worklist, body):
    uid = worklist.add()

    answer = worklist.ask("PUT", f"/workitems/{uid}/state", body)

    assert (answer.status_code, warnings(answer)) == (400, [INCONSISTENT])
    assert worklist.state(uid) == "SCHEDULED"


def test_a_change_of_what_is_not_there_is_warned_of_too(worklist):
    answer = worklist.change("7.7.7", "IN PROGRESS", "1.2")

    assert (answer.status_code, warnings(answer)) == (404, [INCONSISTENT])


def test_of_many_who_claim_at_once_exactly_one_wins(worklist):
    for _ in range(5):
        uid = worklist.add()
        owners = [f"5.{number}" for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda o: worklist.change(uid, "IN PROGRESS", o), owners))  # noqa: B023

        won = [o for o, a in zip(owners, answers, strict=True) if a.status_code == 200]
        assert len(won) == 1
        lost = [answer for answer in answers if answer.status_code != 200]
        assert {(a.status_code, *warnings(a)) for a in lost} == {(400, INCORRECT)}
        label = {"00741204": {"vr": "LO", "Value": ["mine"]}}
        statuses = {owner: worklist.update(uid, label, owner).status_code for owner in owners}
        assert statuses == {owner: 200 if owner in won else 400 for owner in owners}


@pytest.mark.parametrize(
    ("lacking", "named"),
    [
        (None, "UnifiedProcedureStepPerformedProcedureSequence"),
        ("00404019", "PerformedWorkitemCodeSequence"),
        ("00404028", "PerformedStationNameCodeSequence"),
        ("00404033", "OutputInformationSequence"),
        ("00404050", "PerformedProcedureStepStartDateTime"),
        ("00404051", "PerformedProcedureStepEndDateTime"),
    ],
)
def test_what_was_done_is_told_before_a_workitem_is_completed(worklist, lacking, named):
    uid, owner = worklist.claimed()
    (done,) = PERFORMED["00741216"]["Value"]
    if lacking:
        rest = {tag: value for tag, value in done.items() if tag != lacking}
        worklist.update(uid, {"00741216": {"vr": "SQ", "Value": [rest]}}, owner)

    answer = worklist.change(uid, "COMPLETED", owner)

    assert (answer.status_code, warnings(answer)) == (409, [INCONSISTENT])
    assert named in answer.json()["message"]
    assert worklist.state(uid) == "IN PROGRESS"
    assert worklist.update(uid, PERFORMED, owner).status_code == 200
    assert worklist.change(uid, "COMPLETED", owner).status_code == 200


def test_a_canceled_workitem_says_when_and_that_nobody_said_why(worklist):
    uid, _ = in_state(worklist, "CANCELED")

    (progress,) = worklist.get(uid)["00741002"]["Value"]

    assert progress["00404052"]["Value"][0].endswith("+0000")
    assert progress["0074100E"]["Value"] == [
        {
            "00080100": {"vr": "SH", "Value": ["110513"]},
            "00080102": {"vr": "SH", "Value": ["DCM"]},
            "00080104": {"vr": "LO", "Value": ["Discontinued for unspecified reason"]},
        }
    ]


def test_what_the_owner_says_of_a_cancellation_is_kept(worklist):
    uid, owner = worklist.claimed()
    told = {
        "00404052": {"vr": "DT", "Value": ["20260301090000"]},
        "0074100E": {"vr": "SQ", "Value": [code("BROKEN", "slide is broken")]},
        "00741238": {"vr": "LT", "Value": ["it fell"]},
    }
    worklist.update(uid, {"00741002": {"vr": "SQ", "Value": [told]}}, owner)

    worklist.change(uid, "CANCELED", owner)

    assert worklist.get(uid)["00741002"]["Value"] == [told]


def test_a_workitem_that_nobody_claimed_is_canceled_on_request(worklist):
    uid = worklist.add()
    reason = {
        "00741238": {"vr": "LT", "Value": ["wrong slide"]},
        "0074100E": {"vr": "SQ", "Value": [code("WRONG")]},
    }

    answer = worklist.cancel(uid, reason)

    assert (answer.status_code, answer.content) == (202, b"")
    assert worklist.state(uid) == "CANCELED"
    (progress,) = worklist.get(uid)["00741002"]["Value"]
    assert {tag: progress[tag] for tag in reason} == reason
    assert progress["00404052"]["Value"]


def test_a_claimed_workitem_is_left_to_its_owner(worklist):
    uid, _ = worklist.claimed()

    assert worklist.cancel(uid).status_code == 202
    assert worklist.state(uid) == "IN PROGRESS"


def test_a_request_to_cancel_comes_too_late(worklist):
    completed, _ = in_state(worklist, "COMPLETED")
    canceled, _ = in_state(worklist, "CANCELED")

    answer = worklist.cancel(completed)
    assert (answer.status_code, warnings(answer)) == (409, [INCONSISTENT])
    answer = worklist.cancel(canceled)
    assert (answer.status_code, warnings(answer)) == (202, already("CANCELED"))
