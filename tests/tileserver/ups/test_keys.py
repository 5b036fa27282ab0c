# SPDX-License-Identifier: Apache-2.0
"""Workitems are found by their keys, and no others than those that match."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worklist import WORKITEM, code, workitem

from tileserver.dicomweb.search_parameters import read_parameters
from tileserver.index import Level, folding
from tileserver.index.folding import folded_name_of_json
from tileserver.services.included import Included
from tileserver.settings import Settings
from tileserver.ups import Ups, workitems
from tileserver.ups.feature import WORKLIST_FILE
from tileserver.ups.model import State

NAMES = (
    None,
    {"Alphabetic": "Doe^Jane"},
    {"Alphabetic": "doe^jane^^"},
    {"Alphabetic": "Müller^Änne", "Ideographic": "山田^太郎"},
    {"Ideographic": "DOE"},
    {"Alphabetic": "D[o]e^*"},
)
STARTS = ("20260301080000", "20260301080000+0200", "202603010", "2026", "20260302")


def named(name: object, patient: str, start: str, station: str) -> dict:
    request = {
        "00080050": {"vr": "SH", "Value": [f"S-{patient}"]},
        "0020000D": {"vr": "UI", "Value": ["7.1"]},
    }
    return workitem(
        {
            "00100010": {"vr": "PN", "Value": [name]} if name else {"vr": "PN"},
            "00100020": {"vr": "LO", "Value": [patient]},
            "00404005": {"vr": "DT", "Value": [start]},
            "00404025": {"vr": "SQ", "Value": [code(station), code("ANY")]},
            "0040A370": {"vr": "SQ", "Value": [request, request]},
        }
    )


KEYS = st.one_of(
    st.tuples(
        st.just("PatientName"),
        st.sampled_from(
            ["Doe^Jane", "doe", "doe*", "*jane", "*a*", "D?E*", "müll*", "=山田*", "=DOE", "=*",
             "doe^jane=", "d[o]e*", "?", "*=*", "jane doe", "ann"]
        ),
    ),
    st.tuples(st.just("PatientID"), st.sampled_from(["P-1", "P-*", "p-1", "*1", "?-2", "P[1"])),
    st.tuples(
        st.just("ScheduledProcedureStepStartDateTime"),
        st.sampled_from(["20260301", "20260301-", "-20260301", "2026030106-2026030107", "2026",
                         "20260301080000+0200"]),
    ),
    st.tuples(
        st.sampled_from(["00404025.CodeValue", "ReferencedRequestSequence.AccessionNumber"]),
        st.sampled_from(["A", "ANY", "A*", "S-P-1", "*-2"]),
    ),
    st.tuples(st.just("WorklistLabel"), st.sampled_from(["histology", "hist*", "none"])),
    st.tuples(st.just("ProcedureStepState"), st.sampled_from(["SCHEDULED", "COMPLETED"])),
)  # fmt: skip


def uids(found: list[dict]) -> list[str]:
    return [each["00080018"]["Value"][0] for each in found]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    ups = Ups.open(Settings(data=tmp_path_factory.mktemp("keys")))
    number = 0
    for name in NAMES:
        for patient in ("P-1", "P-2", "P[1"):
            for start in STARTS:
                number += 1
                item = named(name, patient, start, "AB"[number % 2])
                ups.worklist.create(f"1.{number}", item)
    yield ups
    ups.close()


@pytest.mark.parametrize("frequent", [2, 10_000])
@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    asked=st.lists(KEYS, min_size=1, max_size=3, unique_by=lambda key: key[0]), fuzzy=st.booleans()
)
def test_keys_find_what_matches_and_nothing_else(filled, monkeypatch, frequent, asked, fuzzy):
    monkeypatch.setattr(workitems, "_FREQUENT", frequent)
    query = [*asked, ("fuzzymatching", str(fuzzy).lower())]
    conditions = read_parameters(Level.INSTANCE, query, {}).conditions

    found, remaining = filled.worklist.search(conditions, Included(), 1000, 0, 1)

    with filled.store.reading() as records:  # which looks into each workitem
        assert uids(found) == [each.uid for each in records.workitems.matching(conditions)]
    assert remaining == 0


@pytest.fixture
def looks(monkeypatch) -> list[object]:
    """Give the names that searches look into."""
    seen: list[object] = []

    def folded(text: object) -> str:
        seen.append(text)
        return folded_name_of_json(text)

    monkeypatch.setattr(folding, "folded_name_of_json", folded)
    return seen


def test_a_search_looks_into_few_workitems(tmp_path, looks):
    ups = Ups.open(Settings(data=tmp_path))
    for number in range(60):
        name = {"Alphabetic": f"Doe{number:02}^Jane"}
        ups.worklist.create(f"1.{number}", named(name, f"P-{number}", "2026", "A"))
    looks.clear()
    try:
        for query, expected in (
            (("PatientName", "doe07*"), ["1.7"]),
            (("PatientName", "*E08^*"), ["1.8"]),
            (("PatientName", "nobody"), []),
        ):
            asked = read_parameters(Level.INSTANCE, [query], {}).conditions
            assert uids(ups.worklist.search(asked, Included(), 10, 0, 1)[0]) == expected
    finally:
        ups.close()
    assert len(looks) == 2


def search(ups: Ups, name: str, value: str) -> list[str]:
    asked = read_parameters(Level.INSTANCE, [(name, value)], {}).conditions
    return uids(ups.worklist.search(asked, Included(), 10, 0, 1)[0])


def test_keys_follow_what_becomes_of_a_workitem(tmp_path):
    ups = Ups.open(Settings(data=tmp_path, keep_workitems_days=0))
    try:
        ups.worklist.create("1.1", WORKITEM)
        label = {"00741202": {"vr": "LO", "Value": ["cytology"]}}
        ups.worklist.update("1.1", None, label)
        assert (
            search(ups, "WorklistLabel", "histology"),
            search(ups, "WorklistLabel", "cyt*"),
        ) == (
            [],
            ["1.1"],
        )
        ups.worklist.change_state("1.1", "9.1", State.IN_PROGRESS)
        ups.worklist.change_state("1.1", "9.1", State.CANCELED)
        ups.worklist.create("1.2", workitem({"00100020": {"vr": "LO", "Value": ["P-2"]}}))
        assert search(ups, "PatientID", "P-*") == ["1.2"]
    finally:
        ups.close()
    with sqlite3.connect(tmp_path / WORKLIST_FILE) as file:
        owners = file.execute("SELECT DISTINCT workitem_id FROM workitem_key").fetchall()
        assert owners == file.execute("SELECT id FROM workitem").fetchall()


def test_a_worklist_of_the_first_version_gets_keys(tmp_path):
    ups = Ups.open(Settings(data=tmp_path))
    ups.worklist.create("1.1", WORKITEM)
    ups.close()
    file = sqlite3.connect(tmp_path / WORKLIST_FILE)
    file.executescript("DROP TABLE workitem_key; UPDATE about SET value = '1'")
    file.close()

    ups = Ups.open(Settings(data=tmp_path))

    try:
        assert search(ups, "PatientID", "P-1") == ["1.1"]
    finally:
        ups.close()
