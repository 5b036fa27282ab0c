# SPDX-License-Identifier: Apache-2.0
"""What lies in a data folder and should not, or does not and should, is told by its kind."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from pathlib import Path

import checking
import instances
import pytest
import varied_archive

from tileserver.errors import StorageError
from tileserver.services.check import check
from tileserver.settings import Settings
from tileserver.store import FolderBlobStore
from tileserver.store.folder import blob_path

UIDS = varied_archive.SHARED


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(check, "_LATER_SECONDS", 0.0)
    checking.fill(tmp_path / "data", varied_archive.shared()[:4])
    checking.settle(tmp_path / "data")
    return tmp_path / "data"


def key_of(uid: str, content: bytes | None = None) -> str:
    name = uid if content is None else f"{uid} {hashlib.sha256(content).hexdigest()}"
    return hashlib.sha256(name.encode()).hexdigest()


def plant(data: Path, key: str, content: bytes) -> None:
    path = blob_path(data / "blobs", key)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def told(data: Path, **options) -> list[tuple[str, str | None]]:
    return [(str(found.kind), found.uid) for found in checking.findings(data, **options)]


@pytest.mark.parametrize("fast", [False, True])
def test_an_archive_that_is_well_has_nothing_to_tell(data, fast):
    assert told(data, fast=fast) == []


def test_blobs_that_nobody_names_are_told_by_what_they_are(data):
    *known, unknown = varied_archive.shared()[:5]
    other = known[1].replace(b"as told", b"AS TOLD")
    plant(data, key_of(UIDS[4]), unknown)
    plant(data, key_of(UIDS[0], known[0]), known[0])
    plant(data, key_of(UIDS[1], other), other)
    plant(data, "ab" * 32, known[2])
    plant(data, "cd" * 32, b"no DICOM")

    found = {finding.key: finding for finding in checking.findings(data)}

    assert {key: (str(each.kind), each.uid) for key, each in found.items()} == {
        key_of(UIDS[4]): ("orphan", UIDS[4]),
        key_of(UIDS[0], known[0]): ("orphan-copy", UIDS[0]),
        key_of(UIDS[1], other): ("orphan-version", UIDS[1]),
        "ab" * 32: ("other-instance", UIDS[2]),
        "cd" * 32: ("no-instance", None),
    }
    assert found["cd" * 32].place == f"blobs/cd/{'cd' * 32}.dcm"


def test_a_blob_on_its_way_in_is_no_orphan_and_one_whose_process_ended_is(data):
    content = varied_archive.shared()[4]
    store = FolderBlobStore(data)
    with store.receive() as incoming:
        incoming.write(content)
        incoming.keep(key_of(UIDS[4]))
        assert told(data) == []
        (partial,) = (data / "incoming").iterdir()
        left = partial.with_name("0" * 32 + ".part")
        left.hardlink_to(partial)
    assert told(data) == [("orphan", UIDS[4]), ("partial-file", None)]


def test_a_blob_on_its_way_out_is_no_orphan(data):
    store = FolderBlobStore(data)
    key = key_of(UIDS[4])
    plant(data, key, varied_archive.shared()[4])
    with store.condemning([key]) as listed:
        assert told(data) == []
        shutil.copy(listed.path, listed.path.with_name("left.keys"))
        store.finish(listed)
    assert told(data) == [("abandoned-deletion", None)]


def test_what_crashes_left_is_told_and_what_is_under_way_is_not(data):
    for name in ("incoming/a.part", "condemned/b.part", "condemned/c.keys"):
        (data / name).write_text("no keys")
    for name in (".reindex-left", ".reindex-busy"):
        (data / name).mkdir()
        (data / name / "index.sqlite").touch()
    with contextlib.ExitStack() as held:
        for name in (".reindex-busy", "incoming"):
            path = data / name / ("index.sqlite" if name[0] == "." else "busy.part")
            path.touch()
            file = held.enter_context(path.open("rb"))
            fcntl.flock(file, fcntl.LOCK_EX)
        descriptor = os.open(data / ".reindex-busy", os.O_RDONLY)
        held.callback(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)

        found = checking.findings(data)

    assert [(str(each.kind), each.place) for each in found] == [
        ("damaged-list", "condemned/c.keys"),
        ("partial-file", "incoming/a.part"),
        ("partial-file", "condemned/b.part"),
        ("abandoned-index", ".reindex-left"),
    ]


def test_files_among_blobs_that_are_none_are_told(data):
    key = checking.stored(data)[0].key
    (data / "blobs" / "notes.txt").touch()
    (data / "blobs" / key[:2] / "copy of a.dcm").touch()
    (data / "blobs" / "00").mkdir(exist_ok=True)
    (data / "blobs" / "00" / f"{key}.dcm").touch()

    found = [(str(each.kind), each.place) for each in checking.findings(data)]

    assert sorted(found) == sorted(
        [
            ("foreign-file", "blobs/notes.txt"),
            ("foreign-file", f"blobs/{key[:2]}/copy of a.dcm"),
            ("foreign-file", f"blobs/00/{key}.dcm"),
        ]
    )


def test_a_lost_layout_file_is_told_and_other_layouts_are_not_checked(data):
    (data / "layout").unlink()
    assert told(data) == [("layout", None)]

    (data / "layout").write_text("3\n")
    with pytest.raises(StorageError, match="layout '3', expected 2"):
        told(data)

    (data / "layout").unlink()
    (data / "blobs" / "ab" / "cd").mkdir(parents=True)
    with pytest.raises(StorageError, match="of an earlier build"):
        told(data)


def test_blobs_are_looked_at_without_an_index(data):
    first, second, *_ = checking.stored(data)
    for path in data.glob("index.sqlite*"):
        path.unlink()
    assert told(data) == [("index-damaged", None)]

    (data / "index.sqlite").write_bytes(b"no database" * 999)
    first.path.write_bytes(second.path.read_bytes())
    second.path.write_bytes(b"\0" * 200)
    found = dict.fromkeys(told(data))

    assert next(iter(found)) == ("index-damaged", None)
    assert set(found) == {
        ("index-damaged", None),
        ("other-instance", second.uid),
        ("no-instance", None),
    }


def test_a_damaged_page_of_the_index_is_told(data):
    path = data / "index.sqlite"
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * 4096)

    assert "index-damaged" in checking.kinds(checking.findings(data))


def test_a_damaged_worklist_is_told(data):
    (data / "worklist.sqlite").write_bytes(b"no database" * 999)

    (found,) = checking.findings(data)

    assert (str(found.kind), found.place) == ("worklist-damaged", "worklist.sqlite")
    assert "not a database" in found.problem


def test_an_index_of_an_earlier_version_is_not_checked(data):
    with checking.changed_index(data) as connection:
        connection.execute("UPDATE about SET value = '2' WHERE name = 'version'")
        with pytest.raises(StorageError, match="has version 2, expected 4; a start of the server"):
            told(data)


@pytest.mark.parametrize("damage", [b"\xff\xfe", "line\nbreak\x1b[31m", 7, b""], ids=repr)
def test_rows_of_any_type_are_told_on_one_line(data, damage):
    for column in ("sop_instance_uid", "key", "sha256", "attributes", "summary"):
        with checking.changed_index(data) as connection:
            connection.execute(f"UPDATE instance SET {column} = ? WHERE id = 2", (damage,))
            if isinstance(damage, bytes):
                connection.execute(
                    f"UPDATE instance SET {column} = CAST({column} AS TEXT) WHERE id = 3"
                )
                connection.execute(
                    f"UPDATE instance SET {column} = CAST(? AS TEXT) WHERE id = 3", (damage + b"3",)
                )
            lines = [found.line() for found in checking.findings(data)]

        assert lines, column
        assert all(line.isprintable() and line.encode() for line in lines)


def test_nothing_is_written(data):
    (data / "incoming" / "a.part").touch()
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}

    told(data)

    after = {
        path: path.stat().st_mtime_ns for path in data.rglob("*") if path.suffix != ".sqlite-shm"
    }
    assert {path for path in after if "sqlite" not in path.name} == {
        path for path in before if "sqlite" not in path.name
    }
    assert all(after[path] == before[path] for path in after if path.is_file() and path in before)


def test_settings_need_a_store(tmp_path):
    from tileserver.app import check_of

    with pytest.raises(StorageError, match="has no stored instances; nothing is checked"):
        check_of(Settings(data=tmp_path / "none"), fast=False, report=lambda _: None)
    assert not (tmp_path / "none").exists()


def test_names_of_all_kinds_are_compared_with_their_parts(tmp_path):
    names = (
        "A",
        "",
        "AB^C",
        "Ünï^\U0001f600Emoji",
        "山田^太郎=やまだ^たろう",
        "Quote\"^'s",
        "a^b" * 20,
    )
    files = [
        instances.written(
            instances.dataset(
                StudyInstanceUID=f"1.2.{number}", SOPInstanceUID=f"1.2.{number}.1", PatientName=name
            )
        )
        for number, name in enumerate(names, 1)
    ]
    checking.fill(tmp_path / "data", files)

    assert told(tmp_path / "data") == []
