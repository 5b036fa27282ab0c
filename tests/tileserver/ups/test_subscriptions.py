# SPDX-License-Identifier: Apache-2.0
"""Subscribers hear of workitems over a web socket, as PS3.18 11.10 to 11.13, PS3.4 CC.2.3 say."""

from __future__ import annotations

import contextlib
import json
import socket

import httpx
import pytest
from servers import serving
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from worklist import FILTERED, PERFORMED, WORKITEM, WORKLIST, Worklist, code

from tileserver.errors import ConfigurationError
from tileserver.settings import Settings
from tileserver.ups import Ups

STATE_REPORT, CANCEL_REQUESTED, PROGRESS_REPORT, SERVER_STATUS, ASSIGNED = 1, 2, 3, 4, 5
SCANNER = {"00404025": {"vr": "SQ", "Value": [code("SCANNER-1")]}}


def progress(percent: int) -> dict:
    item = {"00741004": {"vr": "DS", "Value": [percent]}}
    return {"00741002": {"vr": "SQ", "Value": [item]}}


def test_a_subscriber_of_a_workitem_hears_all_of_it_in_order(worklist):
    uid, other, owner = worklist.add(), worklist.add(), "9.1"
    with worklist.listening("ORDER") as events:
        answer = worklist.subscribe(uid, "ORDER")
        assert (answer.status_code, answer.content) == (201, b"")
        assert answer.headers["content-location"] == worklist.address("ORDER")
        worklist.change(other, "IN PROGRESS", owner)
        worklist.change(uid, "IN PROGRESS", owner)
        worklist.update(uid, progress(10), owner)
        worklist.update(uid, progress(10), owner)
        worklist.update(uid, SCANNER, owner)
        worklist.update(uid, {"00404041": {"vr": "CS", "Value": ["INCOMPLETE"]}}, owner)
        worklist.update(uid, {"00741204": {"vr": "LO", "Value": ["not told"]}}, owner)
        worklist.cancel(uid, {"00741238": {"vr": "LT", "Value": ["why not"]}})
        worklist.update(uid, PERFORMED, owner)
        worklist.change(uid, "COMPLETED", owner)

        assert [events.told() for _ in range(7)] == [
            (STATE_REPORT, uid, "SCHEDULED"),
            (STATE_REPORT, uid, "IN PROGRESS"),
            (PROGRESS_REPORT, uid, None),
            (ASSIGNED, uid, None),
            (STATE_REPORT, uid, "IN PROGRESS"),
            (CANCEL_REQUESTED, uid, None),
            (STATE_REPORT, uid, "COMPLETED"),
        ]


def test_event_reports_have_what_the_standard_wants(worklist):
    performer = {
        "00404009": {"vr": "SQ", "Value": [code("DR-1")]},
        "00404036": {"vr": "LO", "Value": ["Pathology"]},
        "00404037": {"vr": "PN", "Value": [{"Alphabetic": "Roe^Jean"}]},
    }
    with worklist.listening("CONTENT") as events:
        uid, owner = worklist.claimed({"00404034": {"vr": "SQ", "Value": [performer]}})
        worklist.subscribe(uid, "CONTENT")
        common = {
            "00000002": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.34.6.1"]},
            "00001000": {"vr": "UI", "Value": [uid]},
        }

        def expect(kind: int, attributes: dict) -> None:
            event = events.next()
            number = event.pop("00000110")
            assert number["vr"] == "US"
            assert 0 <= number["Value"][0] <= 0xFFFF
            assert event == common | {"00001002": {"vr": "US", "Value": [kind]}} | attributes

        ready = {"00404041": {"vr": "CS", "Value": ["READY"]}}
        expect(STATE_REPORT, ready | {"00741000": {"vr": "CS", "Value": ["IN PROGRESS"]}})
        worklist.update(uid, progress(42), owner)
        expect(PROGRESS_REPORT, progress(42))
        worklist.update(uid, SCANNER, owner)
        expect(
            ASSIGNED,
            SCANNER
            | {
                "00404009": {"vr": "SQ", "Value": [code("DR-1")]},
                "00404034": {"vr": "SQ", "Value": [performer]},
                "00404036": {"vr": "LO", "Value": ["Pathology"]},
            },
        )
        request = {
            "0074100A": {"vr": "UR", "Value": ["tel:1"]},
            "0074100C": {"vr": "LO", "Value": ["Änne"]},
            "0074100E": {"vr": "SQ", "Value": [code("WRONG")]},
            "00741238": {"vr": "LT", "Value": ["wrong slide"]},
        }
        worklist.cancel(uid, request)
        utf8 = {"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}
        expect(CANCEL_REQUESTED, request | utf8 | {"00741236": {"vr": "AE", "Value": ["UNKNOWN"]}})
        worklist.change(uid, "CANCELED", owner)
        event = events.next()
        assert event["00741000"]["Value"] == ["CANCELED"]
        assert event["0074100E"]["Value"][0]["00080100"]["Value"] == ["110513"]


def test_a_request_to_cancel_what_nobody_claimed_is_told_with_both_changes(worklist):
    uid = worklist.add()
    with worklist.listening("CANCELER") as events:
        worklist.subscribe(uid, "CANCELER")
        worklist.cancel(uid)

        assert [events.told() for _ in range(4)] == [
            (STATE_REPORT, uid, "SCHEDULED"),
            (CANCEL_REQUESTED, uid, None),
            (STATE_REPORT, uid, "IN PROGRESS"),
            (STATE_REPORT, uid, "CANCELED"),
        ]


def test_a_subscriber_of_the_worklist_hears_of_what_is_created(empty_worklist):
    old = empty_worklist.add()
    with empty_worklist.listening("ALL") as events:
        assert empty_worklist.subscribe(WORKLIST, "ALL").status_code == 201
        new = empty_worklist.add(SCANNER)
        empty_worklist.change(old, "IN PROGRESS", "9.1")

        assert [events.told() for _ in range(3)] == [
            (STATE_REPORT, new, "SCHEDULED"),
            (ASSIGNED, new, None),
            (STATE_REPORT, old, "IN PROGRESS"),
        ]


def test_a_subscriber_with_a_lock_hears_of_what_there_is(empty_worklist):
    uids = [empty_worklist.add() for _ in range(3)]
    with empty_worklist.listening("LOCK") as events:
        empty_worklist.subscribe(WORKLIST, "LOCK", "?deletionlock=true")

        assert [events.told() for _ in range(3)] == [
            (STATE_REPORT, uid, "SCHEDULED") for uid in uids
        ]


@pytest.mark.parametrize(
    "query",
    [
        "?filter=ScheduledProcedureStepPriority=HIGH,PatientID=P-1",
        "?filter=00741200=HIGH&deletionlock=false",
        "?filter=PatientName=doe*&filter=ScheduledProcedureStepPriority=HIGH",
        "?ScheduledProcedureStepPriority=HIGH",
    ],
)
def test_a_subscriber_with_a_filter_hears_of_what_matches(empty_worklist, query):
    high = {"00741200": {"vr": "CS", "Value": ["HIGH"]}}
    wanted, unwanted = empty_worklist.add(high), empty_worklist.add()
    with empty_worklist.listening("FILTER") as events:
        assert empty_worklist.subscribe(FILTERED, "FILTER", query).status_code == 201
        empty_worklist.add()
        new = empty_worklist.add(high)
        empty_worklist.change(unwanted, "IN PROGRESS", "9.1")
        empty_worklist.change(wanted, "IN PROGRESS", "9.1")

        assert events.told() == (STATE_REPORT, new, "SCHEDULED")
        assert events.told() == (STATE_REPORT, wanted, "IN PROGRESS")


def test_a_subscriber_with_a_filter_hears_of_what_comes_to_match(empty_worklist):
    high = {"00741200": {"vr": "CS", "Value": ["HIGH"]}}
    state = "?filter=ProcedureStepState=IN PROGRESS,ScheduledProcedureStepPriority=HIGH"
    uid = empty_worklist.add(SCANNER)
    with empty_worklist.listening("LATER") as later, empty_worklist.listening("STATE") as claimed:
        empty_worklist.subscribe(FILTERED, "LATER", "?filter=ScheduledProcedureStepPriority=HIGH")
        empty_worklist.subscribe(FILTERED, "STATE", state)
        empty_worklist.update(uid, high)
        empty_worklist.change(uid, "IN PROGRESS", "9.1")
        empty_worklist.unsubscribe(uid, "LATER")
        empty_worklist.update(uid, progress(10), "9.1")
        empty_worklist.update(uid, {"00741200": {"vr": "CS", "Value": ["LOW"]}}, "9.1")
        empty_worklist.update(uid, high, "9.1")

        assert [later.told() for _ in range(5)] == [
            (STATE_REPORT, uid, "SCHEDULED"),
            (ASSIGNED, uid, None),
            (STATE_REPORT, uid, "IN PROGRESS"),
            # Not of what happened while it was unsubscribed from; then it came to match again.
            (STATE_REPORT, uid, "IN PROGRESS"),
            (ASSIGNED, uid, None),
        ]
        assert [claimed.told() for _ in range(3)] == [
            (STATE_REPORT, uid, "IN PROGRESS"),
            (ASSIGNED, uid, None),
            (PROGRESS_REPORT, uid, None),
        ]


def test_the_end_of_a_filter_leaves_what_is_of_the_whole_worklist(empty_worklist):
    uid = empty_worklist.add()
    with empty_worklist.listening("BROAD") as events:
        empty_worklist.subscribe(FILTERED, "BROAD", "?filter=PatientID=P-1")
        empty_worklist.subscribe(WORKLIST, "BROAD")
        assert empty_worklist.unsubscribe(FILTERED, "BROAD").status_code == 200
        empty_worklist.change(uid, "IN PROGRESS", "9.1")

        assert events.told() == (STATE_REPORT, uid, "IN PROGRESS")


def test_who_suspends_hears_of_what_there_is_only(empty_worklist):
    old = empty_worklist.add()
    with empty_worklist.listening("SUSPEND") as events:
        empty_worklist.subscribe(WORKLIST, "SUSPEND")
        path = f"/workitems/{WORKLIST}/subscribers/SUSPEND/suspend"
        assert empty_worklist.ask("POST", path).status_code == 200
        assert empty_worklist.ask("POST", path).status_code == 404
        empty_worklist.add()
        empty_worklist.change(old, "IN PROGRESS", "9.1")

        assert events.told() == (STATE_REPORT, old, "IN PROGRESS")


def test_who_unsubscribes_from_the_worklist_hears_nothing_more(empty_worklist):
    uid, other = empty_worklist.add(), empty_worklist.add()
    with empty_worklist.listening("GONE") as gone, empty_worklist.listening("STAYS") as stays:
        empty_worklist.subscribe(uid, "GONE")
        empty_worklist.subscribe(WORKLIST, "GONE")
        assert gone.told() == (STATE_REPORT, uid, "SCHEDULED")
        empty_worklist.subscribe(WORKLIST, "STAYS")
        assert empty_worklist.unsubscribe(WORKLIST, "GONE").status_code == 200
        assert empty_worklist.unsubscribe(WORKLIST, "GONE").status_code == 404
        empty_worklist.change(uid, "IN PROGRESS", "9.1")
        empty_worklist.subscribe(other, "GONE")

        assert gone.told() == (STATE_REPORT, other, "SCHEDULED")
        assert stays.told() == (STATE_REPORT, uid, "IN PROGRESS")


def test_the_end_of_a_filter_leaves_what_was_subscribed_to_by_name(empty_worklist):
    named, other = empty_worklist.add(), empty_worklist.add()
    with empty_worklist.listening("BOTH") as events:
        empty_worklist.subscribe(named, "BOTH")
        empty_worklist.subscribe(FILTERED, "BOTH", "?filter=PatientID=P-1")
        assert events.told() == (STATE_REPORT, named, "SCHEDULED")
        assert empty_worklist.unsubscribe(FILTERED, "BOTH").status_code == 200
        assert empty_worklist.unsubscribe(FILTERED, "BOTH").status_code == 404
        empty_worklist.change(other, "IN PROGRESS", "9.1")
        empty_worklist.change(named, "IN PROGRESS", "9.1")

        assert events.told() == (STATE_REPORT, named, "IN PROGRESS")


def test_what_was_missed_comes_with_the_next_connection(worklist):
    uid = worklist.add()
    worklist.subscribe(uid, "AWAY")
    with worklist.listening("AWAY") as events:
        assert events.told() == (STATE_REPORT, uid, "SCHEDULED")
        worklist.subscribe(uid, "AWAY")
        assert events.told() == (STATE_REPORT, uid, "SCHEDULED")
    worklist.change(uid, "IN PROGRESS", "9.1")
    worklist.change(uid, "CANCELED", "9.1")

    with worklist.listening("AWAY") as events:
        found = [events.told()[2]]
        while found[-1] != "CANCELED":  # what was on its way may come again
            found.append(events.told()[2])
        assert found[-2:] == ["IN PROGRESS", "CANCELED"]


def test_two_connections_of_a_subscriber_hear_the_same(worklist):
    uid = worklist.add()
    with worklist.listening("TWICE") as one, worklist.listening("TWICE") as two:
        worklist.subscribe(uid, "TWICE")
        assert one.told() == two.told() == (STATE_REPORT, uid, "SCHEDULED")


def test_a_subscriber_hears_what_happens_in_another_process(tmp_path):
    with serving(tmp_path / "data") as first:
        with contextlib.ExitStack() as stack:
            second = stack.enter_context(serving(tmp_path / "data"))
            here, there = Worklist(first), Worklist(second)
            with here.listening("REMOTE") as events:
                uid = there.add()
                there.subscribe(uid, "REMOTE")
                assert events.told() == (STATE_REPORT, uid, "SCHEDULED")
                for number in range(20):
                    there.update(uid, progress(number))
                found = [events.next() for _ in range(20)]
        percents = [e["00741002"]["Value"][0]["00741004"]["Value"][0] for e in found]
        assert percents == list(range(20))


def test_subscribers_hear_of_a_restart_once(tmp_path):
    data = tmp_path / "data"
    with serving(data) as server:
        Worklist(server).subscribe(WORKLIST, "WARM")
    with serving(data):
        pass
    with serving(data) as server:
        worklist = Worklist(server)
        with worklist.listening("WARM") as events:
            event = events.next()
            assert event["00001002"]["Value"] == [SERVER_STATUS]
            assert event["00741242"]["Value"] == ["RESTARTED"]
            assert event["00741244"]["Value"] == ["WARM START"]
            assert event["00741246"]["Value"] == ["WARM START"]
            uid = worklist.add()
            assert events.told() == (STATE_REPORT, uid, "SCHEDULED")


def test_who_is_on_the_fallback_list_hears_of_a_restart_without_subscription(tmp_path):
    options = ("--fallback-subscribers", "LOST", "--fallback-subscribers", "FOUND")
    with serving(tmp_path / "data", *options) as server:
        worklist = Worklist(server)
        with worklist.listening("LOST") as lost, worklist.listening("FOUND") as found:
            for events in (lost, found):
                event = events.next()
                assert event["00001002"]["Value"] == [SERVER_STATUS]
                assert event["00741242"]["Value"] == ["RESTARTED"]


def test_a_fallback_list_has_ae_titles(tmp_path):
    with pytest.raises(ConfigurationError, match="fallback_subscribers: an AE title has"):
        Ups.open(Settings(data=tmp_path, fallback_subscribers=("a/b",)))


def test_a_finished_workitem_is_deleted_when_nobody_has_a_lock_on_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TILESERVER_KEEP_WORKITEMS_DAYS", "0")
    with serving(tmp_path / "data") as server:
        worklist = Worklist(server)
        free, owner = worklist.claimed()
        locked, owner_of_locked = worklist.claimed()
        worklist.subscribe(locked, "KEEPER", "?deletionlock=true")
        worklist.subscribe(locked, "OTHER")
        worklist.change(free, "CANCELED", owner)
        worklist.change(locked, "CANCELED", owner_of_locked)
        worklist.add()

        assert worklist.ask("GET", f"/workitems/{free}").status_code == 410
        assert worklist.update(free, {}).status_code == 410
        assert worklist.change(free, "CANCELED", owner).status_code == 410
        assert worklist.ask("POST", f"/workitems?{free}", WORKITEM).status_code == 409
        assert worklist.state(locked) == "CANCELED"
        worklist.subscribe(locked, "KEEPER", "?deletionlock=false")
        worklist.add()
        assert worklist.ask("GET", f"/workitems/{locked}").status_code == 410
        assert worklist.subscribe(locked, "KEEPER").status_code == 410


def test_of_two_worklists_the_one_with_a_lock_locks(tmp_path, monkeypatch):
    monkeypatch.setenv("TILESERVER_KEEP_WORKITEMS_DAYS", "0")
    with serving(tmp_path / "data") as server:
        worklist = Worklist(server)
        worklist.subscribe(WORKLIST, "KEEPER")
        worklist.subscribe(FILTERED, "KEEPER", "?filter=PatientID=P-1&deletionlock=true")
        uid, owner = worklist.claimed()
        other, owner_of_other = worklist.claimed({"00100020": {"vr": "LO", "Value": ["P-2"]}})
        worklist.change(uid, "CANCELED", owner)
        worklist.change(other, "CANCELED", owner_of_other)
        worklist.add()

        assert worklist.state(uid) == "CANCELED"
        assert worklist.ask("GET", f"/workitems/{other}").status_code == 410


@pytest.mark.parametrize(
    "aetitle",
    ["..%2F", "..%2F..%2Fx", "%2E%2E%2F", "a%5Cb", "%20", "x" * 17, "%C3%84", "a%00", "a%0DX:1"],
)
def test_an_ae_title_that_is_none_is_refused(worklist, aetitle):
    uid = worklist.add()

    assert worklist.subscribe(uid, aetitle).status_code == 400
    assert worklist.unsubscribe(uid, aetitle).status_code == 400
    assert worklist.ask("GET", f"/subscribers/{aetitle}").status_code == 400
    with pytest.raises(InvalidStatus) as refused, worklist.listening(aetitle):
        pass
    assert refused.value.response.status_code == 400
    assert json.loads(refused.value.response.body)["error"] == "BadRequestError"


@pytest.mark.parametrize(
    ("uid", "query"),
    [
        (WORKLIST, "?deletionlock=perhaps"),
        (WORKLIST, "?filter=PatientID=P-1"),
        ("1.2.3", "?filter=PatientID=P-1"),
        (FILTERED, ""),
        (FILTERED, "?filter=PatientID"),
        (FILTERED, "?filter=Nothing=1"),
        (FILTERED, "?filter=limit=3"),
        (FILTERED, "?PatientID=P-1&includefield=all"),
        (FILTERED, "?filter=ScheduledWorkitemCodeSequence=SCAN"),
        (FILTERED, "?filter=PatientID=P-1,00091001=1"),
        (FILTERED, "?filter=ScheduledProcedureStepStartDateTime=tomorrow"),
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused(worklist, uid, query):
    assert worklist.subscribe(uid, "SENSE", query).status_code == 400
    assert worklist.unsubscribe(uid, "SENSE").status_code == 404


def test_only_worklists_can_be_suspended(worklist):
    uid = worklist.add()
    worklist.subscribe(uid, "STAY")

    answer = worklist.ask("POST", f"/workitems/{uid}/subscribers/STAY/suspend")

    assert answer.status_code == 400


def test_a_connection_without_web_socket_is_told_to_bring_one(worklist):
    answer = worklist.ask("GET", "/subscribers/PLAIN")

    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")


def test_pages_of_other_origins_hear_nothing(worklist):
    with pytest.raises(InvalidStatus) as refused:
        connect(worklist.address("SPY"), origin="https://evil.example")
    assert refused.value.response.status_code == 403
    with worklist.listening("OWN", origin=worklist.server.address) as events:
        worklist.subscribe(uid := worklist.add(), "OWN")
        assert events.told() == (STATE_REPORT, uid, "SCHEDULED")


def test_what_subscribers_say_is_not_listened_to(worklist):
    uid = worklist.add()
    with worklist.listening("TALKER") as events:
        events.connection.send("[" * 1000)
        events.connection.send(b"\x00\xff")
        worklist.subscribe(uid, "TALKER")
        assert events.told() == (STATE_REPORT, uid, "SCHEDULED")
        with contextlib.suppress(ConnectionClosed):
            events.connection.send("x" * (1 << 20))
            events.connection.recv(timeout=20)
        assert events.connection.close_code == 1009
    assert worklist.server.is_alive()


def test_connections_that_break_harm_nobody(worklist):
    uid = worklist.add()
    for _ in range(20):
        with worklist.listening("BROKEN") as events:
            events.connection.socket.shutdown(socket.SHUT_RDWR)
    worklist.subscribe(uid, "BROKEN")

    with worklist.listening("BROKEN") as events:
        assert events.told() == (STATE_REPORT, uid, "SCHEDULED")


def test_a_subscriber_hears_what_other_workers_do(tmp_path):
    with serving(tmp_path / "data", "--workers", "2") as server:
        worklist = Worklist(server)
        with contextlib.ExitStack() as stack:
            names = [f"WORKER-{number}" for number in range(6)]
            everybody = [stack.enter_context(worklist.listening(name)) for name in names]
            for name in names:
                worklist.subscribe(WORKLIST, name)
            # A connection of its own for each, so that both workers are asked.
            uids = [f"3.{number}" for number in range(10)]
            for uid in uids:
                with httpx.Client() as other:
                    body = json.dumps([WORKITEM])
                    headers = {"Content-Type": "application/dicom+json"}
                    address = f"{server.root}/workitems?{uid}"
                    assert other.post(address, content=body, headers=headers).status_code == 201
            for events in everybody:
                found = [events.told() for _ in uids]
                assert found == [(STATE_REPORT, uid, "SCHEDULED") for uid in uids]
