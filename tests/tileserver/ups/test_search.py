# SPDX-License-Identifier: Apache-2.0
"""Workitems are found as PS3.18 11.9 says, and never silently more."""

from __future__ import annotations

import pytest
from servers import serving
from worklist import PERFORMED, WORKITEM, Worklist, code, warnings

A, B, C = "1.1", "1.2", "1.3"
OWNER = "9.1"


@pytest.fixture(scope="module")
def worklist(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("search") / "data") as server:
        found = Worklist(server)
        request = {
            "00080050": {"vr": "SH", "Value": ["S24-1"]},
            "0020000D": {"vr": "UI", "Value": ["7.1"]},
        }
        replaced = {
            "00081150": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.34.6.1"]},
            "00081155": {"vr": "UI", "Value": ["8.1"]},
        }
        found.add(
            {
                "0040A370": {"vr": "SQ", "Value": [request]},
                "00741224": {"vr": "SQ", "Value": [replaced]},
            },
            A,
        )
        found.add(
            {
                "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Änne"}]},
                "00100020": {"vr": "LO", "Value": ["P-2"]},
                "00404005": {"vr": "DT", "Value": ["20260302100000+0200"]},
                "00404018": {"vr": "SQ", "Value": [code("STAIN"), code("SCAN")]},
                "00404025": {"vr": "SQ", "Value": [code("SCANNER-1")]},
                "00741200": {"vr": "CS", "Value": ["HIGH"]},
            },
            B,
        )
        found.add({"00102000": {"vr": "LO", "Value": ["allergy"]}}, C)
        found.change(C, "IN PROGRESS", OWNER)
        yield found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [A, B, C]),
        ("?ProcedureStepState=SCHEDULED", [A, B]),
        ("?00741000=IN%20PROGRESS", [C]),
        ("?ProcedureStepState=SCHEDULED,IN%20PROGRESS", [A, B, C]),
        ("?ProcedureStepState=COMPLETED", []),
        ("?PatientID=P-2", [B]),
        ("?PatientID=P-*", [A, B, C]),
        ("?PatientID=", [A, B, C]),
        ("?PatientName=muller*", [B]),
        ("?PatientName=ann&fuzzymatching=true", [B]),
        ("?ScheduledProcedureStepPriority=HIGH", [B]),
        ("?ScheduledProcedureStepStartDateTime=20260301", [A, C]),
        ("?ScheduledProcedureStepStartDateTime=20260301-20260302", [A, B, C]),
        ("?ScheduledProcedureStepStartDateTime=2026030207-2026030208", [B]),
        ("?ScheduledProcedureStepStartDateTime=-2026030107", []),
        ("?ScheduledWorkitemCodeSequence.CodeValue=STAIN", [B]),
        ("?00404018.00080100=SCAN", [A, B, C]),
        ("?ScheduledStationNameCodeSequence.CodeValue=SCANNER-1&PatientID=P-1", []),
        ("?ReferencedRequestSequence.AccessionNumber=S24-1", [A]),
        ("?ReferencedRequestSequence.StudyInstanceUID=7.1,7.2", [A]),
        ("?SOPInstanceUID=1.1,1.3", [A, C]),
        ("?SOPClassUID=1.2.840.10008.5.1.4.34.6.1", [A, B, C]),
        ("?WorklistLabel=histology&limit=1", [A]),
        ("?limit=1&offset=1", [B]),
        ("?offset=3", []),
        ("?limit=0", []),
        ("?PatientID=' OR 1=1 --", []),
        (f"?TransactionUID={OWNER}", []),
        ("?TransactionUID=*", [A, B, C]),
    ],
)
def test_workitems_match(worklist, query, expected):
    assert worklist.uids(query) == expected


def test_nothing_found_is_told_by_the_status(worklist):
    answer = worklist.ask("GET", "/workitems?PatientID=nobody")

    assert (answer.status_code, answer.content) == (204, b"")


def test_a_workitem_is_answered_with_what_is_required_and_nothing_else(worklist):
    found = {item["00080018"]["Value"][0]: item for item in worklist.found()}

    always = set(WORKITEM) - {"00081195", "00400400", "00741216"} | {"00080016", "00080018"}
    assert set(found[A]) == always | {"0020000D", "00404034"}
    assert set(found[B]) == set(found[A]) | {"00080005"}
    assert set(found[C]) == set(found[A]) | {"00102000"}
    assert found[A]["0020000D"] == {"vr": "UI"}
    assert found[A]["00741000"] == {"vr": "CS", "Value": ["SCHEDULED"]}
    assert list(found[A]) == sorted(found[A])


@pytest.mark.parametrize(
    "field", ["includefield=00404010", "includefield=all", "00404010=",
              "includefield=ProcedureStepLabel,ScheduledProcedureStepModificationDateTime"]
)  # fmt: skip
def test_more_attributes_are_returned_when_asked_for(worklist, field):
    (found,) = worklist.found(f"?SOPInstanceUID={A}&{field}")

    assert found["00404010"]["Value"]


def test_a_path_asks_for_no_more_of_a_sequence(worklist):
    (found,) = worklist.found(
        f"?SOPInstanceUID={A}&includefield=ReplacedProcedureStepSequence.ReferencedSOPInstanceUID"
        "&includefield=ReferencedRequestSequence.AccessionNumber"
    )

    assert found["00741224"] == {
        "vr": "SQ",
        "Value": [{"00081155": {"vr": "UI", "Value": ["8.1"]}}],
    }
    assert "0020000D" in found["0040A370"]["Value"][0]  # returned in any case, and whole


@pytest.mark.parametrize(
    "field", ["includefield=TransactionUID", "includefield=all", "TransactionUID="]
)
def test_the_transaction_uid_is_never_given_back(worklist, field):
    found = worklist.found(f"?SOPInstanceUID={C}&{field}")

    assert len(found) == 1
    assert OWNER not in str(found)
    assert "00081195" not in found[0]


def test_a_part_of_what_was_found_says_so(worklist):
    answer = worklist.ask("GET", "/workitems?WorklistLabel=histology&limit=2")

    assert answer.status_code == 206
    assert warnings(answer) == ["There are 1 additional results that can be requested"]
    following = answer.links["next"]["url"]
    assert following.startswith(f"{worklist.server.root}/workitems?")
    rest = worklist.server.http.get(following)
    assert rest.status_code == 200
    assert [item["00080018"]["Value"] for item in rest.json()] == [[C]]
    assert "link" not in rest.headers


def test_answers_are_had_as_xml(worklist):
    accept = {"Accept": 'multipart/related; type="application/dicom+xml"'}

    answer = worklist.ask("GET", "/workitems", headers=accept)

    assert answer.headers["content-type"].startswith("multipart/related")
    assert answer.text.count("</NativeDicomModel>") == 3


@pytest.mark.parametrize(
    "query",
    [
        "?nothing=1",
        "?limit=many",
        "?offset=-1",
        "?includefield=nothing",
        "?ScheduledProcedureStepStartDateTime=tomorrow",
        "?PatientID=" + "x" * 2000,
        "?" + "&".join(f"PatientID={n}" for n in range(300)),
        "?" + ".".join(["ReferencedRequestSequence"] * 40) + "=1",
    ],
)
def test_what_makes_no_sense_is_refused(worklist, query):
    assert worklist.ask("GET", f"/workitems{query}").status_code == 400


def test_no_more_than_the_most_are_answered(tmp_path, monkeypatch):
    monkeypatch.setenv("TILESERVER_MAX_RESULTS", "2")
    with serving(tmp_path / "data") as server:
        found = Worklist(server)
        uids = [found.add() for _ in range(3)]

        answer = found.ask("GET", "/workitems?limit=1000")
        assert (answer.status_code, len(answer.json())) == (206, 2)
        assert found.uids("?limit=1000&offset=2") == uids[2:]


def test_the_worklist_outlives_the_server_and_a_reindex(tmp_path):
    import subprocess

    from servers import command

    data = tmp_path / "data"
    with serving(data) as server:
        found = Worklist(server)
        uid, owner = found.claimed()
        before = found.get(uid)
    subprocess.run(command("reindex", "--data", str(data)), check=True, capture_output=True)
    with serving(data) as server:
        found = Worklist(server)
        assert found.get(uid) == before
        assert found.change(uid, "CANCELED", "6.6.6").status_code == 400
        assert found.update(uid, PERFORMED, owner).status_code == 200
        assert found.change(uid, "COMPLETED", owner).status_code == 200
