# SPDX-License-Identifier: Apache-2.0
"""What is deleted is gone, whatever comes between; what is stored again meanwhile is not."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import instances
import pytest

from tileserver.app import open_services
from tileserver.errors import BusyError, ConflictError, ForbiddenError, NotFoundError, StorageError
from tileserver.index import Below, Search
from tileserver.index.search import Level
from tileserver.services import Reindexed
from tileserver.settings import Duplicates, Settings

EVERYTHING = Search(Level.INSTANCE, (), 100)
STUDY, SERIES, UID = "1.2.3", "1.2.3.4", "1.2.3.4.5"


def slide(number: int = 1, series: int = 4, **attributes) -> bytes:
    named = {
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": f"1.2.3.{series}",
        "SOPInstanceUID": f"1.2.3.{series}.{number}",
    }
    return instances.written(instances.slide([instances.jpeg(1)], **named | attributes))


@pytest.fixture
def opened(tmp_path):
    services, index = open_services(Settings(data=tmp_path))
    yield services, index
    services.close()
    index.close()


def add(services, file: bytes):
    return services.ingest.add_file(io.BytesIO(file))


def stored(services) -> list[str]:
    try:
        return sorted(item.sop_instance_uid for item in services.retrieve.instances(STUDY))
    except NotFoundError:
        return []


def blobs(folder) -> int:
    return len(list((folder / "blobs").rglob("*.dcm")))


def events(index) -> list[tuple[str, str | None]]:
    found = index.events(0, 1000)
    return [
        (event.kind.value, event.sop_instance_uid or event.series_instance_uid) for event in found
    ]


def test_an_instance_a_series_and_a_study_go(opened, tmp_path):
    services, index = opened
    for number, series in ((1, 4), (2, 4), (1, 5), (1, 6)):
        add(services, slide(number, series))
    before = index.generation.value

    services.delete.delete(STUDY, "1.2.3.4", "1.2.3.4.1")
    assert stored(services) == ["1.2.3.4.2", "1.2.3.5.1", "1.2.3.6.1"]
    assert blobs(tmp_path) == 3
    assert index.generation.value > before
    services.delete.delete(STUDY, "1.2.3.5")
    assert stored(services) == ["1.2.3.4.2", "1.2.3.6.1"]
    services.delete.delete(STUDY, "1.2.3.6", "1.2.3.6.1")
    services.delete.delete(STUDY)

    assert stored(services) == []
    assert blobs(tmp_path) == 0
    assert list((tmp_path / "condemned").iterdir()) == []
    assert events(index)[4:] == [
        ("InstanceDeleted", "1.2.3.4.1"),
        ("SeriesDeleted", "1.2.3.5"),
        ("InstanceDeleted", "1.2.3.6.1"),
        ("SeriesDeleted", "1.2.3.6"),
        ("StudyDeleted", None),
    ]
    services.ingest.reindex()
    assert stored(services) == []


def test_counts_follow(opened):
    services, index = opened
    for number, series in ((1, 4), (2, 4), (1, 5)):
        add(services, slide(number, series))

    services.delete.delete(STUDY, "1.2.3.4", "1.2.3.4.1")
    services.delete.delete(STUDY, "1.2.3.5")

    with index._reading() as connection:
        row = connection.exec_driver_sql(
            "SELECT study.number_of_series, study.number_of_instances, "
            "series.number_of_instances, (SELECT count(*) FROM frames) FROM study JOIN series"
        ).all()
    assert [tuple(each) for each in row] == [(1, 1, 1, 1)]


@pytest.mark.parametrize("uids", [("9.9",), (STUDY, "9.9"), (STUDY, SERIES, "9.9"), ("9", SERIES)])
def test_what_is_not_there_cannot_be_deleted(opened, uids):
    services, _ = opened
    add(services, slide())

    with pytest.raises(NotFoundError):
        services.delete.delete(*uids)
    assert stored(services) == ["1.2.3.4.1"]


def test_a_server_may_be_set_to_delete_nothing(tmp_path):
    services, index = open_services(Settings(data=tmp_path, is_deleting_allowed=False))
    add(services, slide())

    with pytest.raises(ForbiddenError):
        services.delete.delete(STUDY)
    assert stored(services) == ["1.2.3.4.1"]
    services.close()
    index.close()


def test_other_bytes_may_come_after_a_deletion_and_old_frames_are_not_given(opened):
    services, _ = opened
    add(services, slide())
    found = services.retrieve.instance(STUDY, SERIES, "1.2.3.4.1")
    old = list(services.retrieve.frames(found, [1]))
    services.delete.delete(STUDY)

    changed = instances.slide([instances.jpeg(9), instances.jpeg(80)], PatientComments="longer" * 9)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        uid = {"St": STUDY, "Se": SERIES, "SO": "1.2.3.4.1"}[keyword[:2]]
        setattr(changed, keyword, uid)
    add(services, instances.written(changed))

    found = services.retrieve.instance(STUDY, SERIES, "1.2.3.4.1")
    assert list(services.retrieve.frames(found, [1, 2])) == [instances.jpeg(9), instances.jpeg(80)]
    assert old == [instances.jpeg(1)]


CRASH = """
import os, sys
from pathlib import Path
from tileserver.app import open_services
from tileserver.index.index import Index
from tileserver.settings import Duplicates, Settings
from tileserver.store.folder import FolderBlobStore

def crash(*args, **kwargs):
    os._exit(9)

def then_crash(function):
    def wrapped(*args, **kwargs):
        function(*args, **kwargs)
        os._exit(9)
    return wrapped

services, _ = open_services(Settings(data=Path(sys.argv[1]), duplicates=Duplicates.REPLACE))
step = sys.argv[2]
if step == "before the index":
    Index.remove = Index.replace = crash
elif step == "behind the index":
    Index.remove, Index.replace = then_crash(Index.remove), then_crash(Index.replace)
elif step == "behind the blobs":
    FolderBlobStore.remove = then_crash(FolderBlobStore.remove)
if sys.argv[3] == "delete":
    services.delete.delete("1.2.3")
else:
    with open(sys.argv[3], "rb") as file:
        services.ingest.add_file(file)
"""
STEPS = ["before the index", "behind the index", "behind the blobs"]


def crashed(folder, step: str, what: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(CRASH), str(folder), step, what]
    assert subprocess.run(command, check=False).returncode == 9


@pytest.mark.parametrize("is_index_lost", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_leaves_all_or_nothing(tmp_path, step, is_index_lost):
    data = tmp_path / "data"
    services, index = open_services(Settings(data=data))
    for number in range(1, 4):
        add(services, slide(number))
    services.close()
    index.close()

    crashed(data, step, "delete")
    if is_index_lost:
        for path in data.glob("index.sqlite*"):
            path.unlink()
    services, index = open_services(Settings(data=data))
    services.ingest.reindex()

    kept = 3 if step == "before the index" and not is_index_lost else 0
    assert len(stored(services)) == kept
    assert blobs(data) == kept
    assert list((data / "condemned").iterdir()) == []
    services.close()
    index.close()


@pytest.mark.parametrize("is_index_lost", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_while_replacing_leaves_one_of_both(tmp_path, step, is_index_lost):
    data, newer = tmp_path / "data", tmp_path / "newer.dcm"
    old, new = slide(1, PatientID="old"), slide(1, PatientID="new")
    newer.write_bytes(new)
    services, index = open_services(Settings(data=data))
    add(services, old)
    services.close()
    index.close()

    crashed(data, step, str(newer))
    if is_index_lost:
        for path in data.glob("index.sqlite*"):
            path.unlink()
    services, index = open_services(Settings(data=data))
    services.ingest.reindex()

    found = services.retrieve.instance(STUDY, SERIES, "1.2.3.4.1")
    kept = old if step == "before the index" and not is_index_lost else new
    assert b"".join(services.retrieve.file(found).pieces()) == kept
    assert blobs(data) == 1
    assert list((data / "condemned").iterdir()) == []
    services.close()
    index.close()


def test_the_newer_bytes_stay_where_the_older_are_gone(tmp_path):
    """As in a backup whose index is older than its files."""
    data, newer = tmp_path / "data", tmp_path / "newer.dcm"
    services, index = open_services(Settings(data=data))
    add(services, slide(1, PatientID="old"))
    (older,) = (data / "blobs").rglob("*.dcm")
    services.close()
    index.close()
    newer.write_bytes(slide(1, PatientID="new"))
    crashed(data, "before the index", str(newer))
    older.unlink()

    services, index = open_services(Settings(data=data))
    services.ingest.reindex()

    found = services.retrieve.instance(STUDY, SERIES, "1.2.3.4.1")
    assert b"".join(services.retrieve.file(found).pieces()) == newer.read_bytes()
    services.close()
    index.close()


def test_what_another_process_is_deleting_is_left_to_it(opened, tmp_path):
    services, index = opened
    add(services, slide())
    store = services.delete._store
    with store.condemning(index.keys_below(Below(STUDY))):
        services.delete.finish_abandoned()
        assert len(list((tmp_path / "condemned").iterdir())) == 1
    services.delete.finish_abandoned()
    assert list((tmp_path / "condemned").iterdir()) == []
    assert stored(services) == ["1.2.3.4.1"]
    assert blobs(tmp_path) == 1


def test_a_deletion_that_the_index_refuses_leaves_all_as_it_was(opened, tmp_path, monkeypatch):
    services, index = opened
    add(services, slide())

    def full(*_):
        raise StorageError("the index cannot be written: disk full")

    with monkeypatch.context() as patched:
        patched.setattr(index, "remove", full)
        with pytest.raises(StorageError, match="disk full"):
            services.delete.delete(STUDY)

    assert stored(services) == ["1.2.3.4.1"]
    assert blobs(tmp_path) == 1
    assert list((tmp_path / "condemned").iterdir()) == []


def test_who_deletes_what_keeps_coming_gives_up(opened, monkeypatch):
    services, index = opened
    add(services, slide())

    def more(*_):
        raise ConflictError("more")

    monkeypatch.setattr(index, "remove", more)
    with pytest.raises(BusyError):
        services.delete.delete(STUDY)
    assert stored(services) == ["1.2.3.4.1"]


def test_instances_deleted_and_stored_at_once_are_whole_or_gone(opened, tmp_path):
    services, _ = opened
    files = [slide(number) for number in range(1, 9)]

    def store(number: int) -> None:
        add(services, files[number % 8])

    def delete(number: int) -> None:
        try:
            if number % 3:
                services.delete.delete(STUDY, SERIES, f"1.2.3.4.{number % 8 + 1}")
            else:
                services.delete.delete(STUDY)
        except (NotFoundError, BusyError):
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: (store if n % 2 else delete)(n // 2), range(200)))

    kept = stored(services)
    for uid in kept:
        found = services.retrieve.instance(STUDY, SERIES, uid)
        assert b"".join(services.retrieve.file(found).pieces()) in files
    assert blobs(tmp_path) == len(kept)
    services.ingest.reindex()
    assert stored(services) == kept


def test_what_is_deleted_while_the_index_is_made_anew_does_not_come_back(opened, tmp_path):
    services, index = opened
    for number in range(1, 4):
        add(services, slide(number))
    replace_all = index.replace_all
    again = slide(3, PatientID="again")

    def delete_midway(records, **others):
        def watched():
            yield from records
            services.delete.delete(STUDY, SERIES, "1.2.3.4.2")
            services.delete.delete(STUDY, SERIES, "1.2.3.4.3")
            add(services, again)

        return replace_all(watched(), **others)

    index.replace_all = delete_midway

    assert services.ingest.reindex() == Reindexed(2, [], [], [])
    assert stored(services) == ["1.2.3.4.1", "1.2.3.4.3"]
    found = services.retrieve.instance(STUDY, SERIES, "1.2.3.4.3")
    assert b"".join(services.retrieve.file(found).pieces()) == again


def test_keeping_the_first_says_so(tmp_path):
    services, index = open_services(Settings(data=tmp_path, duplicates=Duplicates.KEEP_FIRST))
    first = slide()
    add(services, first)

    again = add(services, slide(PatientID="other"))

    assert (again.is_new, again.warning) == (False, 0x0111)
    found = services.retrieve.instance(STUDY, SERIES, "1.2.3.4.1")
    assert b"".join(services.retrieve.file(found).pieces()) == first
    services.close()
    index.close()


def test_replacing_puts_the_newest_in_place(tmp_path):
    services, index = open_services(Settings(data=tmp_path, duplicates=Duplicates.REPLACE))
    versions = [slide(PatientID=f"P-{number}") for number in (1, 2, 3, 1)]
    for file in versions:
        assert add(services, file).is_new
        found = services.retrieve.instance(STUDY, SERIES, "1.2.3.4.1")
        assert b"".join(services.retrieve.file(found).pieces()) == file
        assert blobs(tmp_path) == 1
        services.ingest.reindex()
        assert b"".join(services.retrieve.file(found).pieces()) == file
    assert not add(services, versions[-1]).is_new

    def store(number: int) -> None:
        with contextlib.suppress(BusyError):
            add(services, slide(PatientID=f"Q-{number}"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(store, range(24)))
    found = services.retrieve.instance(STUDY, SERIES, "1.2.3.4.1")
    assert b"".join(services.retrieve.file(found).pieces())
    assert blobs(tmp_path) == 1
    services.close()
    index.close()
