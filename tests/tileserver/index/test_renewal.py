# SPDX-License-Identifier: Apache-2.0
"""A study whose first instance went is the one that the instances left would have made."""

from __future__ import annotations

import pytest
from searched import instance_of, one, saying

from tileserver.index import Below, Condition, Index, Level, Name, Search, deletion

PATIENT_NAME, STUDY_DATE, MODALITY = "00100010", "00080020", "00080060"


def record(series: int, number: int, *, study: int = 1):
    """Return an instance that tells its own number as name of the patient and modality."""
    found = instance_of(study, series, number)
    told = {
        PATIENT_NAME: one("PN", {"Alphabetic": f"Told^By {number}"}),
        STUDY_DATE: one("DA", f"202401{number:02d}"),
        MODALITY: one("CS", f"M{number}"),
    }
    return saying(found, found.metadata.attributes | told)


@pytest.fixture
def open_index(tmp_path):
    opened = []

    def make(*records) -> Index:
        opened.append(Index(tmp_path / f"{len(opened)}.sqlite"))
        for each in records:
            opened[-1].add(each)
        return opened[-1]

    yield make
    for index in opened:
        index.close()


def rows(index: Index) -> dict[str, list[tuple[object, ...]]]:
    """Return what the tables hold, with ids by their order: an instance that went leaves a gap."""
    with index._reading() as connection:
        ids = [row[0] for row in connection.exec_driver_sql("SELECT id FROM instance ORDER BY id")]
        places = {found: place for place, found in enumerate(ids, 1)} | {0: 0}
        found = {}
        for table, columns in (("study", 1), ("series", 2), ("instance", 2)):
            read = connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY id")
            found[table] = [
                (*(places[id_] for id_ in row[:columns]), *row[columns:]) for row in read
            ]
        keys = connection.exec_driver_sql("SELECT * FROM study_key")
        found["study_key"] = sorted((*row[:3], places[row[3]], places[row[4]]) for row in keys)
        return found


def names_found(index: Index, pattern: str) -> int:
    condition = Condition(Level.STUDY, (PATIENT_NAME,), (Name(pattern),))
    return len(index.search(Search(Level.STUDY, (condition,), 10)).rows)


@pytest.mark.parametrize("gone", [(1,), (2,), (1, 2), (3,), (1, 3), (1, 2, 3), (4,)], ids=str)
def test_it_is_as_if_what_went_had_never_come(open_index, gone):
    records = [record(1, 1), record(1, 2), record(2, 3), record(2, 4), record(1, 5)]
    others = record(1, 6, study=2)
    index = open_index(*records, others)

    for number in gone:
        found = records[number - 1]
        keys = index.keys_below(Below("1.1"))
        below = Below("1.1", found.series_instance_uid, found.sop_instance_uid)
        assert index.remove(below, keys)

    left = [each for number, each in enumerate(records, 1) if number not in gone]
    assert rows(index) == rows(open_index(*left, others))
    with index._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_names_of_what_went_are_found_no_more(open_index):
    index = open_index(record(1, 1), record(1, 2))
    assert (names_found(index, "*BY 1*"), names_found(index, "*BY 2*")) == (1, 0)

    index.remove(Below("1.1", "1.1.1", "1.1.1.1"), index.keys_below(Below("1.1")))

    assert (names_found(index, "*BY 1*"), names_found(index, "*BY 2*")) == (0, 1)


def test_several_that_are_removed_in_one_transaction(open_index):
    index = open_index(*(record(1, number) for number in range(1, 6)))
    with index._writing() as connection:
        for number in (1, 2, 3):
            deletion.remove(connection, Below("1.1", "1.1.1", f"1.1.1.{number}"))

    assert rows(index) == rows(open_index(record(1, 4), record(1, 5)))
