# SPDX-License-Identifier: Apache-2.0
"""Workitems are created, retrieved and updated as PS3.18 11.4 to 11.6 say."""

from __future__ import annotations

import gzip
import json
import socket
import time
from urllib.parse import urlsplit

import pytest
from worklist import JSON_TYPE, PERFORMED, WORKITEM, code, new_uid, warnings, workitem

INCONSISTENT = "The submitted request is inconsistent with the current state of the Workitem."
XML_TYPE = "application/dicom+xml"
NO_SCHEME = {tag: value for tag, value in code("A").items() if tag != "00080102"}


@pytest.mark.parametrize("query", ["?{}", "?workitem={}", "?AffectedSOPInstanceUID={}"])
def test_a_workitem_is_created_under_the_uid_in_the_address(worklist, query):
    uid = new_uid()

    answer = worklist.ask("POST", "/workitems" + query.format(uid), workitem())

    assert answer.status_code == 201
    assert answer.headers["location"] == f"{worklist.server.root}/workitems/{uid}"
    assert answer.content == b""
    assert "warning" not in answer.headers
    assert worklist.server.http.get(answer.headers["location"]).status_code == 200


@pytest.mark.parametrize("tag", ["00080018", "00001000"])
def test_a_workitem_is_created_under_the_uid_in_the_payload(worklist, tag):
    uid = new_uid()

    answer = worklist.ask("POST", "/workitems", workitem({tag: {"vr": "UI", "Value": [uid]}}))

    assert answer.status_code == 201
    assert answer.headers["location"].endswith(f"/workitems/{uid}")
    assert "00001000" not in worklist.get(uid)


def test_a_workitem_without_uid_gets_one(worklist):
    answer = worklist.ask("POST", "/workitems", workitem())

    assert answer.status_code == 201
    uid = answer.headers["location"].rpartition("/")[2]
    assert worklist.get(uid)["00080018"]["Value"] == [uid]


def test_a_workitem_comes_back_as_it_was_sent_with_what_the_server_adds(worklist):
    found = worklist.get(worklist.add(uid=(uid := new_uid())))

    modified = found.pop("00404010")["Value"][0]
    assert len(modified) == len("20260301080000.000000+0000")
    added = {
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.34.6.1"]},
        "00080018": {"vr": "UI", "Value": [uid]},
    }
    assert found == workitem(without="00081195") | added
    assert list(found) == sorted(found)


def test_what_may_be_empty_is_put_in_where_it_is_missing_and_told(worklist):
    uid = new_uid()
    empty = [tag for tag, value in WORKITEM.items() if "Value" not in value]
    sent = workitem(without=(*empty, "00741202"))

    answer = worklist.ask("POST", f"/workitems?{uid}", sent)

    assert answer.status_code == 201
    assert warnings(answer) == ["The Workitem was created with modifications."]
    found = worklist.get(uid)
    assert all(found[tag] == WORKITEM[tag] for tag in empty if tag != "00081195")
    assert found["00741202"] == {"vr": "LO", "Value": ["DEFAULT"]}


@pytest.mark.parametrize("tag", ["00404005", "00404041", "00741000", "00741200", "00741204"])
@pytest.mark.parametrize("is_there", [True, False])
def test_what_must_have_a_value_is_never_made_up(worklist, tag, is_there):
    uid = new_uid()
    sent = workitem({tag: {"vr": WORKITEM[tag]["vr"]}}) if is_there else workitem(without=(tag,))

    answer = worklist.ask("POST", f"/workitems?{uid}", sent)

    assert answer.status_code == 400
    assert worklist.ask("GET", f"/workitems/{uid}").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"00741000": {"vr": "CS", "Value": ["IN PROGRESS"]}},
        {"00741000": {"vr": "CS", "Value": ["BROKEN"]}},
        {"00081195": {"vr": "UI", "Value": ["1.2.3"]}},
        {"00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]}},
        {"00080018": {"vr": "UI", "Value": ["9.9"]}},
        {"00741200": {"vr": "CS", "Value": ["URGENT"]}},
        {"00404041": {"vr": "CS", "Value": ["SOON"]}},
        {"00741002": {"vr": "SQ", "Value": [{}]}},
        {"00741216": PERFORMED["00741216"]},
        {"00404018": {"vr": "SQ", "Value": [{}]}},
        {"00404018": {"vr": "SQ", "Value": [{"00080104": {"vr": "LO", "Value": ["x"]}}]}},
        {"00404018": {"vr": "SQ", "Value": [NO_SCHEME]}},
        {"00404034": {"vr": "SQ", "Value": [{"00404009": {"vr": "SQ", "Value": [code("A")]}}]}},
        {"00404021": {"vr": "SQ", "Value": [{"0040E020": {"vr": "CS", "Value": ["DICOM"]}}]}},
        {"00404005": {"vr": "DT", "Value": ["tomorrow"]}},
        {"00100010": {"vr": "PN", "Value": [7]}},
        {"00100020": {"vr": "LO", "BulkDataURI": "http://somewhere/else"}},
        {"00100020": {"vr": "LO", "Value": "P-1"}},
        {"00280010": {"vr": "US", "Value": [1.5]}},
        {"00280010": {"vr": "US", "Value": [65536]}},
        {"00200013": {"vr": "IS", "Value": [2147483648]}},
        {"00420011": {"vr": "OB", "InlineBinary": "no base64"}},
        {"PatientID": {"vr": "LO", "Value": ["P-1"]}},
        {"00100020": "P-1"},
        {"00091001": {"vr": "XX", "Value": ["1"]}},
        {"00091001": {"vr": ["LO"], "Value": ["1"]}},
    ],
)  # fmt: skip
def test_a_workitem_that_breaks_the_rules_is_refused(worklist, changes):
    uid = new_uid()

    answer = worklist.ask("POST", f"/workitems?{uid}", workitem(changes))

    assert answer.status_code == 400
    assert answer.json()["message"].count("\n") == 0
    assert worklist.ask("GET", f"/workitems/{uid}").status_code == 404


def test_a_uid_is_used_only_once(worklist):
    uid = worklist.add()

    answer = worklist.ask("POST", f"/workitems?{uid}", workitem())

    assert answer.status_code == 409


@pytest.mark.parametrize(
    "path",
    [
        "?1.2.840.10008.5.1.4.34.5",
        "?1.2..3",
        "?1.2.x",
        "?workitem=",
        "?workitem=../../x",
        "?1.2.3&workitem=4.5.6",
        "?workitem=" + "1." * 40 + "1",
    ],
)
def test_a_uid_that_is_none_is_refused(worklist, path):
    assert worklist.ask("POST", f"/workitems{path}", workitem()).status_code == 400
    assert worklist.ask("GET", "/workitems/1.2..3").status_code == 400


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (json.dumps(WORKITEM), JSON_TYPE, 201),
        (json.dumps([WORKITEM]), "application/json; charset=utf-8", 201),
        (json.dumps([WORKITEM]), "text/plain", 415),
        (json.dumps([WORKITEM]), 'multipart/related; type="application/dicom"', 400),
        (b"", JSON_TYPE, 400),
        (b"[", JSON_TYPE, 400),
        (b"[]", JSON_TYPE, 400),
        (b"7", JSON_TYPE, 400),
        (json.dumps([WORKITEM, WORKITEM]), JSON_TYPE, 400),
        (b"\xff\xfe", JSON_TYPE, 400),
        (b"[" * 100_000, JSON_TYPE, 400),
        (b'{"00404021":{"vr":"SQ","Value":[' * 500, JSON_TYPE, 400),
        (b'[{"00280010":{"vr":"US","Value":[NaN]}}]', JSON_TYPE, 400),
        (b'[{"00100020":{"vr":"LO","Value":["\\ud800"]}}]', JSON_TYPE, 400),
        (b" " * (1 << 20) + b"x", JSON_TYPE, 413),
        (b"<NativeDicomModel/>", XML_TYPE, 400),
        (b"<NativeDicomModel", XML_TYPE, 400),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', XML_TYPE, 400),
    ],
)
def test_a_body_of_another_kind_is_refused(worklist, content, content_type, status):
    headers = {"Content-Type": content_type}

    answer = worklist.ask("POST", f"/workitems?{new_uid()}", content=content, headers=headers)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("tag", ["00280010", "00189087", "00741204", "00091001", "00201208"])
@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_no_number_beyond_all_makes_the_worklist_unreadable(worklist, tag, number):
    """Python reads it as infinite, and writes what is no JSON: no search could read it again."""
    uid = worklist.add()
    body = f'[{{"{tag}":{{"vr":"FD","Value":[{number}]}}}}]'.encode()

    answer = worklist.ask("POST", f"/workitems/{uid}", content=body)

    assert (answer.status_code, answer.json()["error"]) == (400, "BadRequestError")
    assert worklist.uids(f"?PatientID=P-1&SOPInstanceUID={uid}") == [uid]


def begun(worklist, length: int) -> socket.socket:
    """Send the head of a request and a byte of its body."""
    address = urlsplit(worklist.server.address)
    connection = socket.create_connection((address.hostname, address.port), 20)
    connection.sendall(
        f"POST /dicomweb/workitems?{new_uid()} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: {JSON_TYPE}\r\nContent-Length: {length}\r\n\r\n[".encode()
    )
    return connection


def test_a_body_that_says_it_is_too_large_is_not_waited_for(worklist):
    with begun(worklist, 2**63 - 1) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_who_goes_away_is_no_error_of_the_server(worklist):
    def told() -> int:
        return worklist.server.log.read_text().count("path=/dicomweb/workitems status=400")

    worklist.server.is_alive()  # behind all that the tests before have asked
    before = told()
    begun(worklist, 100).close()

    until = time.monotonic() + 20
    while told() == before:
        assert worklist.server.is_alive()
        assert time.monotonic() < until
    # That nothing else is in the log is seen at the end of the server.


def test_sequences_nested_too_deep_are_refused(worklist):
    nested: dict = {}
    for _ in range(30):
        nested = {"00404021": {"vr": "SQ", "Value": [nested]}}

    assert worklist.ask("POST", "/workitems", workitem(nested)).status_code == 400


@pytest.mark.parametrize(
    ("content", "coding", "status"),
    [
        (gzip.compress(json.dumps([WORKITEM]).encode()), "gzip", 201),
        (gzip.compress(bytes(1 << 24)), "gzip", 413),
        (gzip.compress(b"[]")[:-4], "gzip", 400),
        (b"no gzip", "gzip", 400),
        (json.dumps([WORKITEM]).encode(), "br", 415),
        (json.dumps([WORKITEM]).encode(), "identity", 201),
    ],
)
def test_a_packed_body_is_unpacked_within_bounds(worklist, content, coding, status):
    headers = {"Content-Type": JSON_TYPE, "Content-Encoding": coding}

    answer = worklist.ask("POST", f"/workitems?{new_uid()}", content=content, headers=headers)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (JSON_TYPE, JSON_TYPE),
        ("application/json", "application/json"),
        ("*/*", JSON_TYPE),
        (XML_TYPE, XML_TYPE),
        (f'multipart/related; type="{XML_TYPE}"', "multipart/related"),
    ],
)
def test_a_workitem_is_had_as_json_and_as_xml(worklist, accept, content_type):
    uid = worklist.add({"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Änne"}]}})

    answer = worklist.ask("GET", f"/workitems/{uid}", headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == content_type
    assert "Müller" in answer.content.decode()
    assert "1195" not in answer.content.decode()
    assert answer.headers["content-location"] == f"{worklist.server.root}/workitems/{uid}"


def test_text_beyond_ascii_names_its_character_set(worklist):
    uid = worklist.add({"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Änne"}]}})

    assert worklist.get(uid)["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}


def test_a_media_type_that_is_not_there_is_refused(worklist):
    uid = worklist.add()

    refused = worklist.ask("GET", f"/workitems/{uid}", headers={"Accept": "image/png"})

    assert refused.status_code == 406
    charset = worklist.ask("GET", f"/workitems/{uid}", headers={"Accept-Charset": "latin1"})
    assert charset.status_code == 400


@pytest.mark.parametrize("is_multipart", [True, False])
def test_a_workitem_is_created_from_xml(worklist, is_multipart):
    document = worklist.ask(
        "GET", f"/workitems/{worklist.add()}", headers={"Accept": XML_TYPE}
    ).content
    uid, old = new_uid(), document
    for keyword in ("SOPInstanceUID", "ScheduledProcedureStepModificationDateTime"):
        begin = old.index(b"<DicomAttribute", old.index(keyword.encode()) - 60)
        old = old[:begin] + old[old.index(b"</DicomAttribute>", begin) + 17 :]
    content_type = XML_TYPE
    if is_multipart:
        old = b"--b\r\nContent-Type: " + XML_TYPE.encode() + b"\r\n\r\n" + old + b"\r\n--b--\r\n"
        content_type = f'multipart/related; type="{XML_TYPE}"; boundary=b'

    answer = worklist.ask(
        "POST", f"/workitems?{uid}", content=old, headers={"Content-Type": content_type}
    )

    assert answer.status_code == 201, answer.text
    found = worklist.get(uid)
    assert found["00404018"]["Value"] == [code("SCAN")]
    assert found["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]}


def test_what_is_unknown_is_not_found(worklist):
    body = {"00741000": {"vr": "CS", "Value": ["IN PROGRESS"]}}
    for method, path in (
        ("GET", "/workitems/9.9.9"),
        ("POST", "/workitems/9.9.9"),
        ("PUT", "/workitems/9.9.9/state"),
        ("POST", "/workitems/9.9.9/cancelrequest"),
        ("POST", "/workitems/9.9.9/subscribers/AE"),
        ("DELETE", "/workitems/9.9.9/subscribers/AE"),
    ):
        content = None if method in ("GET", "DELETE") else body
        assert worklist.ask(method, path, content).status_code == 404, (method, path)


def test_a_scheduled_workitem_is_updated_by_anybody(worklist):
    uid = worklist.add()
    before = worklist.get(uid)
    label = {"vr": "LO", "Value": ["scan it again"]}

    answer = worklist.update(uid, {"00741204": label})

    assert answer.status_code == 200
    assert answer.content == b""
    after = worklist.get(uid)
    assert after["00404010"]["Value"] > before["00404010"]["Value"]
    assert after == before | {"00741204": label, "00404010": after["00404010"]}


def test_the_same_update_again_changes_nothing(worklist):
    uid = worklist.add()
    changes = {"00741204": {"vr": "LO", "Value": ["once"]}}
    worklist.update(uid, changes)
    before = worklist.get(uid)

    assert worklist.update(uid, changes).status_code == 200
    assert worklist.get(uid) == before


@pytest.mark.parametrize("place", ["address", "named", "payload"])
def test_a_claimed_workitem_is_updated_by_its_owner(worklist, place):
    uid, owner = worklist.claimed()
    changes = {"00741204": {"vr": "LO", "Value": ["mine"]}}
    if place == "payload":
        answer = worklist.update(uid, changes | {"00081195": {"vr": "UI", "Value": [owner]}})
    elif place == "named":
        answer = worklist.ask("POST", f"/workitems/{uid}?transaction-uid={owner}", changes)
    else:
        answer = worklist.update(uid, changes, owner)

    assert answer.status_code == 200, answer.text
    found = worklist.get(uid)
    assert found["00741204"]["Value"] == ["mine"]
    assert "00081195" not in found


@pytest.mark.parametrize(
    ("owner", "reason"),
    [(None, "The Transaction UID is missing."), ("6.6.6", "The Transaction UID is incorrect.")],
)
def test_a_claimed_workitem_is_updated_by_nobody_else(worklist, owner, reason):
    uid, _ = worklist.claimed()
    before = worklist.get(uid)

    answer = worklist.update(uid, {"00741204": {"vr": "LO", "Value": ["theirs"]}}, owner)

    assert answer.status_code == 400
    assert warnings(answer) == [INCONSISTENT, reason]
    assert worklist.get(uid) == before


def test_an_owner_of_an_unclaimed_workitem_is_refused(worklist):
    answer = worklist.update(worklist.add(), {"00741204": {"vr": "LO", "Value": ["x"]}}, "6.6.6")

    assert answer.status_code == 409
    assert warnings(answer) == ["The target URI did not reference a claimed Workitem."]


def test_every_refusal_of_an_update_says_what_was_wrong_in_a_warning(worklist):
    unknown = worklist.update("7.7.7", {})
    no_json = worklist.ask("POST", f"/workitems/{worklist.add()}", content=b"[{")

    assert (unknown.status_code, warnings(unknown)) == (
        404,
        ["The target URI did not reference a claimed Workitem."],
    )
    assert (no_json.status_code, warnings(no_json)) == (400, [INCONSISTENT])


def test_a_finished_workitem_is_updated_by_nobody(worklist):
    uid, owner = worklist.claimed()
    assert worklist.change(uid, "CANCELED", owner).status_code == 200

    answer = worklist.update(uid, {"00741204": {"vr": "LO", "Value": ["late"]}}, owner)

    assert answer.status_code == 400
    assert warnings(answer) == [INCONSISTENT]


@pytest.mark.parametrize(
    "changes",
    [
        {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Other^Name"}]}},
        {"00080018": {"vr": "UI", "Value": ["9.9"]}},
        {"00741000": {"vr": "CS", "Value": ["COMPLETED"]}},
        {"0040A370": {"vr": "SQ", "Value": [{"0020000D": {"vr": "UI", "Value": ["1.2"]}}]}},
        {"00741204": {"vr": "LO"}},
        {"00741200": {"vr": "CS", "Value": ["URGENT"]}},
        {"00404018": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["A"]}}]}},
        {"00741002": {"vr": "SQ", "Value": [{"00741008": {"vr": "SQ", "Value": [{}]}}]}},
    ],
)
def test_an_update_that_breaks_the_rules_changes_nothing(worklist, changes):
    uid = worklist.add()
    before = worklist.get(uid)

    answer = worklist.update(uid, changes | {"00400400": {"vr": "LT", "Value": ["not this"]}})

    assert (answer.status_code, warnings(answer)) == (400, [INCONSISTENT])
    assert worklist.get(uid) == before


def test_what_may_not_change_may_be_sent_as_it_is(worklist):
    uid = worklist.add()
    found = worklist.get(uid)

    answer = worklist.update(uid, found | {"00400400": {"vr": "LT", "Value": ["all of it"]}})

    assert answer.status_code == 200, answer.text
    assert worklist.get(uid)["00400400"]["Value"] == ["all of it"]


@pytest.mark.parametrize("origin", ["https://evil.example", "http://[", "null"])
def test_pages_of_other_origins_change_nothing(worklist, origin):
    uid = worklist.add()
    foreign = {"Origin": origin}

    refused = worklist.ask("POST", f"/workitems/{uid}/cancelrequest", headers=foreign)

    assert refused.status_code == 403
    assert worklist.state(uid) == "SCHEDULED"
    own = {"Origin": worklist.server.address}
    assert worklist.ask("POST", f"/workitems/{uid}/cancelrequest", headers=own).status_code == 202
