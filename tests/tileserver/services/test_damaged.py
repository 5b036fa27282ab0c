# SPDX-License-Identifier: Apache-2.0
"""What is damaged on the disk is whole again when it is sent again, whoever sends it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
from pathlib import Path

import instances
import pytest

from tileserver.app import open_services, rebuild_index
from tileserver.errors import ConflictError
from tileserver.services import soundness
from tileserver.settings import Duplicates, Settings
from tileserver.store import flushing, folder
from tileserver.store.folder import blob_path

STUDY, SERIES, UID = "1.2.3", "1.2.3.4", "1.2.3.4.5"
KEY = hashlib.sha256(UID.encode()).hexdigest()


def slide(number: int = 1) -> bytes:
    names = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, "SOPInstanceUID": UID}
    return instances.written(instances.slide([instances.jpeg(number)], **names))


@contextlib.contextmanager
def opened(data, duplicates=Duplicates.REFUSE):
    services, index = open_services(Settings(data=data, duplicates=duplicates))
    yield services
    services.close()
    index.close()


def send(services, *files: bytes) -> list[object]:
    """Send instances in one request; return what became of each, as a word."""
    with contextlib.ExitStack() as cleanup:
        received = [cleanup.enter_context(services.ingest.receive()) for _ in files]
        for item, file in zip(received, files, strict=True):
            item.write(file)
        outcomes = services.ingest.accept_all(received)
    return [
        type(found).__name__ if isinstance(found, Exception) else "new" if found.is_new else "known"
        for found in outcomes
    ]


def read(services) -> bytes:
    found = services.retrieve.instance(STUDY, SERIES, UID)
    return b"".join(services.retrieve.file(found).pieces())


def metadata(services) -> str:
    ((_, text),) = services.retrieve._index.metadata(STUDY, SERIES, UID)
    return text


def blob(data: Path, key: str = KEY) -> Path:
    return blob_path(data / "blobs", key)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def lengthen(path: Path) -> None:
    os.truncate(path, path.stat().st_size + 10)


def flip(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-20, os.SEEK_END)
        (old,) = file.read(1)
        file.seek(-20, os.SEEK_END)
        file.write(bytes([old ^ 1]))


def flip_with_old_time(path: Path) -> None:
    status = path.stat()
    flip(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def swap(path: Path) -> None:
    """Put another file of the same length in its place."""
    other = path.with_name("other")
    other.write_bytes(bytes(path.stat().st_size))
    other.replace(path)


DAMAGES = (cut, empty, lengthen, flip, flip_with_old_time, swap, Path.unlink)
damages = pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)


@damages
@pytest.mark.parametrize("is_started_anew", [False, True])
@pytest.mark.parametrize("others", [0, 2])
def test_what_is_sent_again_is_whole_again(tmp_path, damage, is_started_anew, others):
    more = [instances.written(instances.slide([instances.jpeg(n)])) for n in range(others)]
    with contextlib.ExitStack() as cleanup:
        services = cleanup.enter_context(opened(tmp_path))
        assert send(services, slide(), *more) == ["new"] * (1 + others)
        assert send(services, slide(), *more) == ["known"] * (1 + others)
        assert read(services) == slide()
        if is_started_anew:
            cleanup.close()
            services = cleanup.enter_context(opened(tmp_path))

        damage(blob(tmp_path))

        assert send(services, slide(), *more) == ["known"] * (1 + others)
        assert read(services) == slide()
        assert blob(tmp_path).read_bytes() == slide()
        assert list((tmp_path / "incoming").iterdir()) == []


def test_a_version_that_took_the_place_of_another_is_whole_again(tmp_path):
    with opened(tmp_path, Duplicates.REPLACE) as services:
        send(services, slide(1))
        send(services, slide(2))
        (path,) = (tmp_path / "blobs").glob("??/*.dcm")
        assert path != blob(tmp_path)
        cut(path)

        assert send(services, slide(2)) == ["known"]
        assert read(services) == slide(2)


def test_it_keeps_its_place_among_all(tmp_path):
    with opened(tmp_path) as services:
        send(services, slide())
        before = blob(tmp_path).stat()
        flip_with_old_time(blob(tmp_path))
        send(services, slide())

    assert blob(tmp_path).stat().st_mtime_ns == before.st_mtime_ns
    assert blob(tmp_path).stat().st_ino != before.st_ino


def test_who_reads_the_damaged_one_goes_on(tmp_path):
    with opened(tmp_path) as services:
        send(services, slide())
        flip(blob(tmp_path))
        damaged = blob(tmp_path).read_bytes()
        with services.retrieve.reading():
            found = services.retrieve.instance(STUDY, SERIES, UID)
            pieces = services.retrieve.file(found).pieces
            send(services, slide())

            assert b"".join(pieces()) == damaged
        assert read(services) == slide()
        assert list((tmp_path / "removed").iterdir()) == []


def test_an_open_file_is_opened_anew(tmp_path):
    with opened(tmp_path) as services:
        send(services, slide())
        found = services.retrieve.instance(STUDY, SERIES, UID)
        flip(blob(tmp_path))
        list(services.retrieve.frames(found, [1]))
        send(services, slide())

        assert services.retrieve.frame_files.peek(UID) is None


def test_an_index_that_was_made_of_damaged_bytes_is_made_right(tmp_path):
    with opened(tmp_path) as services:
        send(services, slide())
        before = metadata(services)
    path = blob(tmp_path)
    path.write_bytes(slide().replace(b"Doe^Jane", b"Doe^Jana"))
    done, _ = rebuild_index(Settings(data=tmp_path))
    assert done.changed == [UID]
    with opened(tmp_path) as services:
        assert metadata(services) == before.replace("Doe^Jane", "Doe^Jana")

        assert send(services, slide()) == ["known"]
        assert metadata(services) == before
        assert read(services) == slide()


def test_other_bytes_do_not_take_its_place(tmp_path):
    with opened(tmp_path) as services:
        send(services, slide())
        cut(blob(tmp_path))

        assert send(services, slide(2)) == ["ConflictError"]
        assert blob(tmp_path).stat().st_size == len(slide()) // 2


def test_a_file_is_read_once_in_a_while(tmp_path, monkeypatch):
    digested = []
    original = soundness.digest_of
    monkeypatch.setattr(soundness, "digest_of", lambda b: digested.append(1) or original(b))
    now = [0.0]
    with opened(tmp_path) as services:
        monkeypatch.setattr(services.ingest._sound, "_clock", lambda: now[0])
        send(services, slide())
        for _ in range(5):
            assert send(services, slide()) == ["known"]
        assert len(digested) == 1
        now[0] = 61.0
        assert send(services, slide()) == ["known"]
        assert len(digested) == 2


def test_what_the_disk_cannot_read_is_whole_again(tmp_path, monkeypatch):
    with opened(tmp_path) as services:
        send(services, slide())
        monkeypatch.setattr(folder.FolderBlob, "pread", broken(errno.EIO))

        assert send(services, slide()) == ["known"]
        monkeypatch.undo()
        assert read(services) == slide()


def test_too_many_open_files_are_no_damage(tmp_path, monkeypatch):
    with opened(tmp_path) as services:
        send(services, slide())
        before = blob(tmp_path).stat().st_ino
        monkeypatch.setattr(folder.FolderBlob, "pread", broken(errno.ENFILE))

        assert send(services, slide()) == ["StorageError"]
        assert blob(tmp_path).stat().st_ino == before


def broken(code: int):
    def fail(*_: object) -> bytes:
        raise OSError(code, os.strerror(code))

    return fail


def test_what_may_not_be_on_disk_yet_is_replaced_once_more(tmp_path, monkeypatch):
    with opened(tmp_path) as services:
        send(services, slide())
        cut(blob(tmp_path))
        with monkeypatch.context() as failing:
            failing.setattr(flushing, "flush_folder", broken(errno.EIO))
            assert send(services, slide()) == ["StorageError"]
        not_flushed = blob(tmp_path).stat().st_ino

        assert send(services, slide()) == ["known"]
        assert blob(tmp_path).stat().st_ino != not_flushed
        assert read(services) == slide()
        assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.parametrize("duplicates", list(Duplicates))
@pytest.mark.parametrize("damage", [cut, empty, swap], ids=lambda each: each.__name__)
@pytest.mark.parametrize("number", [1, 2])
def test_what_a_new_index_has_left_aside_locks_no_uid(tmp_path, duplicates, damage, number):
    with opened(tmp_path) as services:
        send(services, slide(1))
    damage(blob(tmp_path))
    damaged = blob(tmp_path).read_bytes()
    done, _ = rebuild_index(Settings(data=tmp_path))
    assert done.unreadable == [KEY]

    with opened(tmp_path, duplicates) as services:
        assert send(services, slide(number)) == ["new"]
        assert read(services) == slide(number)
    assert (tmp_path / "quarantine" / f"{KEY}.dcm").read_bytes() == damaged


@pytest.mark.parametrize(
    ("duplicates", "outcome", "number"),
    [
        (Duplicates.REFUSE, "ConflictError", 1),
        (Duplicates.KEEP_FIRST, "known", 1),
        (Duplicates.REPLACE, "new", 2),
    ],
)
def test_a_whole_file_that_the_index_does_not_know_is_known_then(
    tmp_path, duplicates, outcome, number
):
    with opened(tmp_path, duplicates) as services:
        plant(services, slide(1), KEY)

        assert send(services, slide(2)) == [outcome]
        assert read(services) == slide(number)


def test_a_damaged_file_under_the_key_of_a_version_is_in_nobodys_way(tmp_path):
    key = hashlib.sha256(f"{UID} {hashlib.sha256(slide(2)).hexdigest()}".encode()).hexdigest()
    with opened(tmp_path, Duplicates.REPLACE) as services:
        send(services, slide(1))
        plant(services, slide(2)[:-50], key)

        assert send(services, slide(2)) == ["new"]
        assert read(services) == slide(2)


def test_what_is_to_be_deleted_does_not_come_back(tmp_path):
    with opened(tmp_path) as services:
        plant(services, slide(1), KEY)
        with services.ingest._store.condemning([KEY]):
            assert send(services, slide(2)) == ["BusyError"]
        assert services.status.counts().instances == 0


def plant(services, content: bytes, key: str) -> None:
    with services.ingest.receive() as incoming:
        incoming.write(content)
        incoming.keep(key)


def test_a_file_is_told_known_by_the_verb_too(tmp_path):
    with opened(tmp_path) as services:
        services.ingest.add_file(io.BytesIO(slide()))
        flip(blob(tmp_path))

        assert not services.ingest.add_file(io.BytesIO(slide())).is_new
        assert read(services) == slide()
        with pytest.raises(ConflictError):
            services.ingest.add_file(io.BytesIO(slide(2)))
