# SPDX-License-Identifier: Apache-2.0
"""An index of an earlier version is brought up to date from its own rows, all or nothing."""

from __future__ import annotations

import itertools
import json
import logging
import sqlite3
from dataclasses import replace

import pytest
from searched import instance_of

from tileserver.errors import StorageError
from tileserver.index import Condition, Index, Level, Metadata, Name, OneOf, Search

VERSION_1 = """
CREATE TABLE about (name VARCHAR NOT NULL, value VARCHAR NOT NULL, PRIMARY KEY (name));
CREATE TABLE study (id INTEGER NOT NULL, study_instance_uid VARCHAR NOT NULL,
 study_date VARCHAR NOT NULL, patient_id VARCHAR NOT NULL, folded_patient_name VARCHAR NOT NULL,
 accession_number VARCHAR NOT NULL, attributes TEXT NOT NULL, number_of_series INTEGER NOT NULL,
 number_of_instances INTEGER NOT NULL, PRIMARY KEY (id), UNIQUE (study_instance_uid));
CREATE INDEX ix_study_study_date ON study (study_date);
CREATE INDEX ix_study_patient_id ON study (patient_id);
CREATE INDEX ix_study_folded_patient_name ON study (folded_patient_name);
CREATE INDEX ix_study_accession_number ON study (accession_number);
CREATE TABLE series (id INTEGER NOT NULL, study_id INTEGER NOT NULL,
 series_instance_uid VARCHAR NOT NULL, modality VARCHAR NOT NULL, attributes TEXT NOT NULL,
 number_of_instances INTEGER NOT NULL, PRIMARY KEY (id),
 FOREIGN KEY(study_id) REFERENCES study (id));
CREATE INDEX ix_series_study_id ON series (study_id);
CREATE INDEX ix_series_modality ON series (modality);
CREATE UNIQUE INDEX series_of_study ON series (series_instance_uid, study_id);
CREATE TABLE instance (id INTEGER NOT NULL, series_id INTEGER NOT NULL,
 sop_instance_uid VARCHAR NOT NULL, sop_class_uid VARCHAR NOT NULL,
 transfer_syntax_uid VARCHAR NOT NULL, "key" VARCHAR NOT NULL, sha256 BLOB NOT NULL,
 size INTEGER NOT NULL, attributes TEXT NOT NULL, PRIMARY KEY (id),
 FOREIGN KEY(series_id) REFERENCES series (id), UNIQUE (sop_instance_uid));
CREATE INDEX ix_instance_series_id ON instance (series_id);
CREATE TABLE frames (instance_id INTEGER NOT NULL, frame_table BLOB NOT NULL, fragments TEXT,
 PRIMARY KEY (instance_id), FOREIGN KEY(instance_id) REFERENCES instance (id));
INSERT INTO about VALUES ('version', '1');
"""
STUDY = {
    "00080020": {"vr": "DA", "Value": ["20240317"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Änne"}]},
    "00100020": {"vr": "LO", "Value": ["P-1"]},
}
SERIES = {"00080060": {"vr": "CS", "Value": ["SM"]}}
INSTANCES = 1203


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "index.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode=WAL;" + VERSION_1)
    texts = [json.dumps(item) for item in (STUDY, SERIES, {**STUDY, **SERIES})]
    with connection:
        connection.execute(
            "INSERT INTO study VALUES (1, '1.1', '20240317', 'P-1', 'MULLER^ANNE', '', ?, 1, ?)",
            (texts[0], INSTANCES),
        )
        connection.execute(
            "INSERT INTO series VALUES (1, 1, '1.1.1', 'SM', ?, ?)", (texts[1], INSTANCES)
        )
        for number in range(INSTANCES):
            connection.execute(
                "INSERT INTO instance VALUES (?, 1, ?, '1.2', '1.2.3', 'ab', x'0102', 7, ?)",
                (2 * number + 1, f"1.1.1.{number}", texts[2]),
            )
        connection.execute("INSERT INTO frames VALUES (3, x'0a', '[]')")
    connection.close()
    return path


def tables(path) -> set[str]:
    connection = sqlite3.connect(path)
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return {name for (name,) in names}


def test_an_index_of_version_1_answers_as_before(old, caplog):
    caplog.set_level(logging.INFO)

    index = Index(old)

    found = index.search(Search(Level.STUDY, (), 10)).rows
    assert [(row.study_instance_uid, row.number_of_study_instances) for row in found] == [
        ("1.1", INSTANCES)
    ]
    assert found[0].modalities == "SM"
    for path, match in (
        ("00100010", Name("*ULLER*")),
        ("00100020", OneOf(("P-1",))),
        ("00080061", OneOf(("SM",))),
    ):
        condition = Condition(Level.STUDY, (path,), (match,))
        assert len(index.search(Search(Level.STUDY, (condition,), 10)).rows) == 1
    frames, stored = index.frames("1.1.1.1"), index.find("1.1.1.1202")
    assert frames is not None
    assert (frames.table, frames.fragments) == (b"\n", "[]")
    assert stored is not None
    assert (stored.sha256, stored.size) == (b"\x01\x02", 7)
    assert [item.sop_instance_uid for item in index.instances("1.1")][:2] == ["1.1.1.0", "1.1.1.1"]
    index.close()
    assert not {name for name in tables(old) if name.startswith("old_")}
    assert [entry.message for entry in caplog.records] == [
        f"the index has version 1: upgrading {INSTANCES} instances",
        "the index is upgraded to version 4",
    ]


def test_an_upgrade_that_fails_leaves_the_index_as_it_was(old):
    connection = sqlite3.connect(old)
    with connection:
        connection.execute("UPDATE instance SET attributes = '{' WHERE id = 2001")
    connection.close()
    before = tables(old)

    with pytest.raises(StorageError, match="the index cannot be upgraded"):
        Index(old)

    assert tables(old) == before


def test_an_upgraded_index_opens_again_and_takes_more(old):
    Index(old).close()

    index = Index(old)
    with index._writing() as connection:
        values = connection.exec_driver_sql("SELECT value FROM about WHERE name = 'version'").all()
    index.close()
    assert values == [("4",)]


def as_of_version_2(path) -> None:
    """Make of an index one as version 2 left it after a deletion: numbered apart, told by 1."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("UPDATE about SET value = '2' WHERE name = 'version'")
        connection.execute("DELETE FROM instance WHERE id = 1")
        connection.execute("UPDATE instance SET id = id + 10")
        connection.execute("UPDATE per_frame SET instance_id = instance_id + 10")
    connection.close()


def test_an_index_of_version_2_tells_of_what_is_stored(tmp_path):
    whole = {
        "52009230": {"vr": "SQ", "Value": [{"00209111": {"vr": "LT", "Value": ["x" * 99]}}] * 999}
    }
    records = [
        replace(
            instance_of(1, 1, number),
            metadata=Metadata.of_text(
                json.dumps(STUDY | {"00100020": {"vr": "LO", "Value": [f"P-{number}"]}} | whole)
            ),
        )
        for number in (1, 2, 3)
    ]
    path = tmp_path / "index.sqlite"
    index = Index(path)
    index.add(*records)
    index.close()
    as_of_version_2(path)

    index = Index(path)

    (row,) = index.search(Search(Level.STUDY, (), 10)).rows
    assert row.number_of_study_instances == 2
    assert '"P-2"' in row.study_summary
    condition = Condition(Level.STUDY, ("00100010",), (Name("*ULLER*"),))
    assert len(index.search(Search(Level.STUDY, (condition,), 10)).rows) == 1
    assert [json.loads(text) for _, text in index.metadata("1.1")] == [
        json.loads(record.metadata.whole()) for record in records[1:]
    ]
    index.close()
    connection = sqlite3.connect(path)
    ids = connection.execute(
        "SELECT study.id, series.id, instance.id FROM study JOIN series ON study_id = study.id "
        "JOIN instance ON series_id = series.id ORDER BY instance.id"
    ).fetchall()
    names = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'old%'").fetchall()
    connection.close()
    assert ids == [(1, 1, 1), (1, 1, 2)]
    assert names == []


TO_3 = "UPDATE about SET value = '3' WHERE name = 'version';"
TO_2 = """
ALTER TABLE series DROP COLUMN first_keys;
ALTER TABLE series DROP COLUMN differing_codes;
DROP INDEX study_by_id;
UPDATE about SET value = '2' WHERE name = 'version';
"""


def shape_and_rows(path) -> tuple[list[tuple[str, str]], dict[str, list[tuple[object, ...]]]]:
    """Return columns and indexes, and the rows of the tables that searches read."""
    connection = sqlite3.connect(path)
    columns = connection.execute(
        "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c "
        "WHERE m.type IN ('table', 'index') ORDER BY m.name, c.cid"
    ).fetchall()
    indexes = connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'")
    found = columns + sorted(indexes)
    rows = {
        table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5").fetchall()
        for table in ("study", "series", "study_key")
    }
    connection.close()
    return found, rows


@pytest.fixture(params=["2", "3"])
def earlier(tmp_path, request):
    """Make an index of an earlier version; return path, version and what it should become."""
    path = tmp_path / "index.sqlite"
    index = Index(path)
    for study, series, number in itertools.product(range(4), (0, 1), (0, 1)):
        index.add(instance_of(study, series, number))
    index.close()
    expected = shape_and_rows(path)
    connection = sqlite3.connect(path)
    connection.executescript({"2": TO_2, "3": TO_3}[request.param])
    connection.close()
    return path, request.param, expected


def test_an_index_of_an_earlier_version_becomes_what_it_would_be_now(earlier, caplog):
    caplog.set_level(logging.INFO)
    path, version, expected = earlier

    Index(path).close()

    assert shape_and_rows(path) == expected
    assert [entry.message for entry in caplog.records] == [
        f"the index has version {version}: upgrading 16 instances",
        "the index is upgraded to version 4",
    ]


def test_an_index_of_an_earlier_version_with_a_damaged_row_stays_as_it_was(earlier):
    path, _, _ = earlier
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE instance SET attributes = '{' WHERE id = 7")
    connection.close()
    before = shape_and_rows(path)

    with pytest.raises(StorageError, match="the index cannot be upgraded"):
        Index(path)

    assert shape_and_rows(path) == before
