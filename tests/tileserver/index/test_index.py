# SPDX-License-Identifier: Apache-2.0
"""The index is durable, counts what it holds, and is replaced as a whole."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomizer.dicom.encapsulation import FrameIndex
from tileserver.errors import ConflictError, DamagedIndexError, StorageError
from tileserver.index import (
    Condition,
    Index,
    InstanceRecord,
    Level,
    Metadata,
    Name,
    OneOf,
    Pattern,
    Search,
    StoredFrames,
)
from tileserver.index.deletion import known_keys
from tileserver.index.folding import fold

RECORD = InstanceRecord(
    study_instance_uid="1.1",
    series_instance_uid="1.1.1",
    sop_instance_uid="1.1.1.1",
    sop_class_uid="1.2",
    transfer_syntax_uid="1.2.840.10008.1.2.1",
    key="ab" * 32,
    sha256=b"digest",
    size=7,
    study={"00100020": {"vr": "LO", "Value": ["P-1"]}},
    series={"00080060": {"vr": "CS", "Value": ["SM"]}},
    metadata=Metadata.of_text('{"00280010":{"vr":"US","Value":[16]}}'),
    frames=None,
)
ALL_STUDIES = Search(Level.STUDY, (), 100)


def record(study: int, series: int, instance: int) -> InstanceRecord:
    return replace(
        RECORD,
        study_instance_uid=f"1.{study}",
        series_instance_uid=f"1.{study}.{series}",
        sop_instance_uid=f"1.{study}.{series}.{instance}",
    )


@pytest.fixture
def index(tmp_path):
    opened = Index(tmp_path / "index.sqlite")
    yield opened
    opened.close()


def counts(index: Index) -> list[tuple[str, int, int]]:
    return [
        (row.study_instance_uid, row.number_of_series, row.number_of_study_instances)
        for row in index.search(ALL_STUDIES).rows
    ]


def test_counts_are_kept(index):
    for numbers in ((1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)):
        index.add(record(*numbers))

    assert counts(index) == [("1.2", 1, 1), ("1.1", 2, 3)]


def test_an_instance_is_added_once(index):
    index.add(RECORD)

    with pytest.raises(ConflictError):
        index.add(RECORD)
    assert counts(index) == [("1.1", 1, 1)]


def test_an_instance_is_found_by_its_uid(index):
    index.add(RECORD)

    found = index.find("1.1.1.1")
    assert found is not None
    assert (found.study_instance_uid, found.key, found.size) == ("1.1", "ab" * 32, 7)
    assert index.find("9.9") is None
    assert index.frames("1.1.1.1") is None


def test_writers_at_once_lose_nothing(tmp_path):
    indexes = [Index(tmp_path / "index.sqlite") for _ in range(3)]
    records = [record(1, number % 2, number) for number in range(60)]

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda item: indexes[item[0] % 3].add(item[1]), enumerate(records)))

    assert counts(indexes[0]) == [("1.1", 2, 60)]
    for opened in indexes:
        opened.close()


def test_processes_may_open_a_new_index_at_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Index(tmp_path / "index.sqlite"), range(8)))

    for each in opened:
        each.close()


def test_every_commit_is_flushed_to_disk(index):
    with index._writing() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_replacing_is_all_or_nothing(index):
    index.add(record(1, 1, 1))

    def failing():
        yield record(2, 1, 1)
        raise StorageError("lost")

    with pytest.raises(StorageError, match="lost"):
        index.replace_all(failing())
    assert counts(index) == [("1.1", 1, 1)]


def test_others_read_and_write_the_old_index_until_the_new_one_is_whole(index):
    index.add(record(1, 1, 1))
    seen = []

    def records():
        yield record(2, 1, 1)
        index.add(record(3, 1, 1))
        seen.append(counts(index))
        yield record(2, 1, 2)
        yield record(2, 1, 2)

    def late():
        seen.append(counts(index))
        yield record(2, 1, 1)
        yield record(3, 1, 1)

    assert index.replace_all(records(), late()) == 3
    assert seen == [[("1.3", 1, 1), ("1.1", 1, 1)]] * 2
    assert counts(index) == [("1.3", 1, 1), ("1.2", 1, 2)]


def test_the_file_beside_is_gone_afterwards(index, tmp_path):
    index.replace_all([record(1, 1, 1)])

    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {"index.sqlite"}


def set_version(path, version: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE about SET value = ? WHERE name = 'version'", (version,))
    connection.close()


def test_an_index_of_an_unknown_version_is_told_with_its_remedy(tmp_path):
    path = tmp_path / "index.sqlite"
    Index(path).close()
    set_version(path, "99")

    with pytest.raises(DamagedIndexError, match="version 99, expected 4; run: tileserver reindex"):
        Index(path)


def test_values_are_never_part_of_the_statement(index):
    index.add(RECORD)
    evil = ("' OR ''='", '"; DROP TABLE study; --', "$.x", "[", '"', "*' --")

    for path in (("00100020",), ("00280010",), ("00080060",), ("00400560", "00400551")):
        for value in evil:
            for match in (OneOf((value,)), Pattern(value + "*"), Pattern("*" + value)):
                condition = Condition(Level.STUDY, path, (match,))
                assert index.search(Search(Level.INSTANCE, (condition,), 10)).rows == []
    for pattern in evil:
        for text in (pattern, f"*{pattern}*", f"abc{pattern}*"):
            condition = Condition(Level.STUDY, ("00100010",), (Name(text),))
            index.search(Search(Level.STUDY, (condition,), 10))
    assert counts(index) == [("1.1", 1, 1)]


def test_the_attributes_of_each_frame_come_back_in_their_place(index):
    metadata = {
        "00280010": {"vr": "US", "Value": [16]},
        "52009229": {"vr": "SQ", "Value": [{}]},
        "52009230": {"vr": "SQ", "Value": [{"00209157": {"vr": "UL", "Value": [i]}}
                                           for i in range(5000)]},
        "54000100": {"vr": "SQ"},
    }  # fmt: skip
    text = json.dumps(metadata, separators=(",", ":"), sort_keys=True)
    only = json.dumps({"52009230": metadata["52009230"]}, separators=(",", ":"), sort_keys=True)
    last = text.replace(',"54000100":{"vr":"SQ"}', "")
    for number, each in enumerate((text, only, last), 1):
        index.add(replace(record(1, 1, number), metadata=Metadata.of_text(each)))

    assert [found for _, found in index.metadata("1.1")] == [text, only, last]
    with index._reading() as connection:
        kept = connection.exec_driver_sql("SELECT max(length(attributes)) FROM instance").scalar()
    assert kept < 200


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Müller^Änne", "MULLER^ANNE"),
        ("doe^jane^^", "DOE^JANE"),
        ("Ðoe", "ÐOE"),
        ("山田^太郎", "山田^太郎"),
        ("", ""),
    ],
)
def test_names_are_folded_as_people_type_them(name, folded):
    assert fold(name) == folded


@given(
    st.lists(st.tuples(st.integers(0, 1 << 40), st.integers(0, 1 << 32)), min_size=1, max_size=30),
    st.dictionaries(
        st.integers(0, 29),
        st.lists(st.tuples(st.integers(0, 1 << 40), st.integers(0, 1 << 20)), min_size=2),
        max_size=3,
    ),
    st.integers(0, 1 << 32),
)
def test_where_frames_lie_survives_packing(places, fragmented, bits):
    offsets, lengths = np.array(places, dtype=np.uint64).T
    parts = {frame_index: tuple(runs) for frame_index, runs in fragmented.items()}

    found = StoredFrames.pack(FrameIndex(offsets, lengths, parts, bits)).unpack()

    assert found.offsets.tolist() == offsets.tolist()
    assert found.lengths.tolist() == lengths.tolist()
    assert found.fragmented == parts
    assert found.bits == bits


def test_whether_a_blob_is_named_is_looked_up_in_an_index(index):
    for number in (1, 2, 3):
        index.add(replace(record(1, 1, number), key=f"{number:02x}" * 32))
    asked = []
    with index._writing() as connection:
        driver = connection.connection.driver_connection
        driver.set_trace_callback(asked.append)
        known = known_keys(connection, ["01" * 32, "02" * 31 + "ff", "03" * 32])
        driver.set_trace_callback(None)
        (plan,) = driver.execute(f"EXPLAIN QUERY PLAN {asked[-1]}").fetchall()

    assert known == {"01" * 32, "03" * 32}
    assert "USING INDEX instance_by_key" in plan[-1]
