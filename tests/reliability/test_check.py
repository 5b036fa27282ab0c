# SPDX-License-Identifier: Apache-2.0
"""What a disk, an operator or a crash can do to an archive is found, and nothing else is."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import checking
import pytest
import varied_archive
from busy_clients import Clients
from checking import Stored
from servers import command, serving

from tileserver.services.check import Kind, check

FLIPS = int(os.environ.get("COVERSLIP_FLIPS", "30"))
SECONDS = int(os.environ.get("COVERSLIP_CHECK_SECONDS", "5"))
"""For how long checks run beside clients that store, replace and delete."""
_AT_ONCE = 10


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    checking.fill(folder / "data", varied_archive.build(folder))
    checking.settle(folder / "data")
    assert checking.findings(folder / "data") == []
    return folder / "data"


@pytest.fixture(autouse=True)
def soon(monkeypatch) -> None:
    """Look again at once: nobody else is at work."""
    monkeypatch.setattr(check, "_LATER_SECONDS", 0.0)


def flip(path: Path, rng: random.Random) -> bytes:
    """Change one bit; return the bytes as they were."""
    whole = path.read_bytes()
    place = rng.randrange(len(whole))
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes([whole[place] ^ 1 << rng.randrange(8)]))
    return whole


def test_every_flipped_bit_is_found_in_its_instance(data):
    seed = random.randrange(1 << 30)
    rng, begun, found = random.Random(seed), time.monotonic(), 0
    instances = checking.stored(data)
    while found < FLIPS:
        some = rng.sample(instances, min(_AT_ONCE, FLIPS - found))
        whole = {each: flip(each.path, rng) for each in some}
        told = checking.findings(data)
        for each, content in whole.items():
            each.path.write_bytes(content)
        assert sorted(str(finding.uid) for finding in told) == sorted(each.uid for each in some)
        assert {finding.kind for finding in told} <= {Kind.CHANGED_BYTES, Kind.OTHER_INSTANCE}
        found += len(some)
    assert checking.findings(data) == []
    print(f"check: {found} of {FLIPS} flipped bits found, {time.monotonic() - begun:.0f} s")


UPPER = ("study", "series", "instance")
TABLES = (*UPPER, "frames", "per_frame", "study_key", "change", "subscriber")
NOT_TOLD = {("change", "time"), ("subscriber", "name"), ("instance", "id")}
"""A time or a name that makes sense can be any, and the last instance has any id behind others."""


def columns(data: Path) -> list[tuple[str, str]]:
    with checking.changed_index(data) as connection:
        return [
            (table, row[1])
            for table in TABLES
            for row in connection.execute(f"PRAGMA table_info({table})")
        ]


def changed(value: object) -> object:
    if value is None:
        return "1"
    if isinstance(value, int):
        return value + 100_000
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return f"{value}1"


def rowid(table: str) -> str:
    """Return an expression for one row: tables without rowid have several key columns."""
    keys = {"study_key": "code || value || study_date || study_id || series_id"}
    return keys.get(table, "rowid")


def test_every_column_that_is_changed_is_found(data):
    missed = []
    for table, column in columns(data):
        with checking.changed_index(data) as connection:
            connection.execute("INSERT INTO subscriber SELECT 'a', max(sequence) FROM change")
            row, value = connection.execute(
                f"SELECT {rowid(table)}, {column} FROM {table} ORDER BY 1 DESC LIMIT 1"
            ).fetchone()
            connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE {rowid(table)} = ?", (changed(value), row)
            )
            told = checking.findings(data)
        if not told:
            missed.append((table, column))
        elif table in UPPER and column != "id":
            assert any(finding.uid for finding in told), (table, column)

    assert set(missed) == NOT_TOLD


@pytest.mark.parametrize("table", [*TABLES[:-1], "patient_name_text_data", "about"])
def test_every_row_that_is_removed_is_found(data, table):
    with checking.changed_index(data) as connection:
        order = "1" if table == "about" else "1 DESC"
        condition = "name = 'version'" if table == "about" else "1"
        key = {"about": "name"}.get(table, rowid(table))
        connection.execute(
            f"DELETE FROM {table} WHERE {key} = "
            f"(SELECT {key} FROM {table} WHERE {condition} ORDER BY {order} LIMIT 1)"
        )
        assert connection.execute("SELECT changes()").fetchone() == (1,)

        assert checking.findings(data) != []


ADDED = {
    "study": "INSERT INTO study SELECT 90000, '1.9', study_date, patient_id, folded_patient_name, "
    "accession_number, modalities, 0, 0, summary, attributes FROM study LIMIT 1",
    "series": "INSERT INTO series SELECT 90000, study_id, '1.9', modality, 0, summary, attributes, "
    "first_keys, differing_codes FROM series LIMIT 1",
    "instance": "INSERT INTO instance SELECT 90000, series_id, '1.9', sop_class_uid, "
    "transfer_syntax_uid, key, sha256, size, summary, attributes FROM instance LIMIT 1",
    "frames": "INSERT INTO frames SELECT id, x'00', NULL FROM instance "
    "WHERE id NOT IN (SELECT instance_id FROM frames) LIMIT 1",
    "per_frame": "INSERT INTO per_frame SELECT id, 1, 'x' FROM instance "
    "WHERE id NOT IN (SELECT instance_id FROM per_frame) LIMIT 1",
    "study_key": "INSERT INTO study_key SELECT code, 'x' || value, study_date, study_id, series_id "
    "FROM study_key LIMIT 1",
    "study_key of no study": "INSERT INTO study_key VALUES (1, 'x', '', 90000, 0)",
    "change": "INSERT INTO change SELECT NULL, kind, study_instance_uid, series_instance_uid, "
    "'1.9', time FROM change LIMIT 1",
    "deletion told": "INSERT INTO change SELECT NULL, 'StudyDeleted', study_instance_uid, NULL, "
    "NULL, time FROM change LIMIT 1",
    "name": "INSERT INTO patient_name_text (rowid, folded_patient_name) VALUES (90000, 'NOBODY')",
    "second name": "INSERT INTO patient_name_text (rowid, folded_patient_name) "
    "SELECT id, 'NOBODY' FROM study LIMIT 1",
    "subscriber": "INSERT INTO subscriber SELECT 'ahead', max(sequence) + 1 FROM change",
}


@pytest.mark.parametrize("row", ADDED)
def test_every_row_that_is_added_is_found(data, row):
    with checking.changed_index(data) as connection:
        connection.execute(ADDED[row])

        assert checking.findings(data) != []


def test_no_value_of_a_patient_is_told(data):
    with checking.changed_index(data) as connection:
        for column in ("attributes", "summary"):
            connection.execute(f"UPDATE instance SET {column} = replace({column}, 'Doe', 'Secret')")
            connection.execute(f"UPDATE study SET {column} = replace({column}, 'Doe', 'Secret')")
        connection.execute("UPDATE study SET folded_patient_name = 'SECRET', patient_id = 'SECRET'")
        told = "\n".join(finding.line() for finding in checking.findings(data))

    assert "attributes 00100010" in told
    assert "folded_patient_name" in told
    for value in ("Secret", "SECRET", "Doe", "Jane", "DOE"):
        assert value not in told


def test_what_comes_and_goes_meanwhile_is_no_problem(tmp_path, monkeypatch):
    monkeypatch.undo()
    data, checks = tmp_path / "data", 0
    with (
        serving(data, "--workers", "2", "--duplicates", "replace") as server,
        Clients(server.address) as clients,
    ):
        begun = time.monotonic()
        while time.monotonic() < begun + SECONDS or not checks or len(clients.done) < 20:
            assert checking.findings(data, fast=checks % 4 == 3) == []
            checks += 1
    assert set(clients.done) <= {200, 202, 204, 404}
    assert checking.findings(data) == []
    print(f"check: {checks} checks beside {len(clients.done)} requests, no false alarm")


def test_a_new_index_made_meanwhile_is_no_problem(data):
    reindexing = subprocess.Popen(command("reindex", "--data", str(data)), stdout=subprocess.PIPE)
    with reindexing:
        while reindexing.poll() is None:
            assert checking.findings(data) == []
    assert reindexing.returncode == 0
    checking.settle(data)


def _named(found) -> set[str]:
    return {str(finding.uid) for finding in found}


def test_files_swapped_lost_and_cut_are_found(data):
    instances = checking.stored(data)
    for one, other in ((0, 1), (5, 30), (12, 9)):
        first, second = instances[one], instances[other]
        swap(first, second)
        told = checking.findings(data)
        swap(first, second)
        assert checking.kinds(told) == ["other-instance"] * 2
        assert _named(told) == {first.uid, second.uid}
    lost, cut, longer = instances[3], instances[4], instances[6]
    whole = [each.path.read_bytes() for each in (lost, cut, longer)]
    lost.path.unlink()
    cut.path.write_bytes(whole[1][:-1])
    longer.path.write_bytes(whole[2] + b"\0")
    told = [checking.findings(data, fast=fast) for fast in (False, True)]
    for each, content in zip((lost, cut, longer), whole, strict=True):
        each.path.write_bytes(content)
    for found in told:
        assert [(str(finding.kind), finding.uid) for finding in found] == [
            ("missing", lost.uid), ("wrong-size", cut.uid), ("wrong-size", longer.uid),
        ]  # fmt: skip


def swap(first: Stored, second: Stored) -> None:
    one, other = first.path.read_bytes(), second.path.read_bytes()
    first.path.write_bytes(other)
    second.path.write_bytes(one)
