# SPDX-License-Identifier: Apache-2.0
"""What a crash left of instances that were being stored is settled when the server starts."""

from __future__ import annotations

import contextlib
import hashlib

import instances
import pytest

from tileserver.app import open_services
from tileserver.errors import NotFoundError, StorageError
from tileserver.services.unsettled import finish_unsettled
from tileserver.settings import Duplicates, Settings

STUDY, SERIES, UID = "1.2.3", "1.2.3.4", "1.2.3.4.5"
KEY = hashlib.sha256(UID.encode()).hexdigest()


def slide(number: int = 1) -> bytes:
    names = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, "SOPInstanceUID": UID}
    return instances.written(instances.slide([instances.jpeg(number)], **names))


def version_key(file: bytes) -> str:
    return hashlib.sha256(f"{UID} {hashlib.sha256(file).hexdigest()}".encode()).hexdigest()


@contextlib.contextmanager
def opened(data, duplicates=Duplicates.REFUSE):
    services, index = open_services(Settings(data=data, duplicates=duplicates))
    yield services, index
    services.close()
    index.close()


def leave(services, file: bytes, key: str) -> None:
    """Come as far as the blob, and no further."""
    with services.ingest.receive() as incoming:
        incoming.write(file)
        incoming.keep(key)
        incoming.leave()


def stored(services) -> list[bytes]:
    try:
        found = services.retrieve.instances(STUDY)
    except NotFoundError:
        return []
    return [b"".join(services.retrieve.file(item).pieces()) for item in found]


def files(data, folder: str) -> list[str]:
    return sorted(path.stem for path in (data / folder).rglob("*") if path.is_file())


def test_what_is_whole_is_stored(tmp_path):
    with opened(tmp_path) as (services, _):
        leave(services, slide(), KEY)
        assert stored(services) == []

    with opened(tmp_path) as (services, index):
        assert stored(services) == [slide()]
        assert [event.kind.value for event in index.events(0, 9)] == ["InstanceStored"]
    assert (files(tmp_path, "incoming"), files(tmp_path, "blobs")) == ([], [KEY])


def test_what_is_not_whole_goes(tmp_path):
    with opened(tmp_path) as (services, _), services.ingest.receive() as incoming:
        incoming.write(slide() + bytes(1 << 20))
        incoming.leave()

    with opened(tmp_path) as (services, _):
        assert stored(services) == []
    assert (files(tmp_path, "incoming"), files(tmp_path, "blobs")) == ([], [])


def test_what_was_acknowledged_stays_though_the_index_is_lost(tmp_path):
    with opened(tmp_path) as (services, _):
        leave(services, slide(), KEY)
    with opened(tmp_path):
        pass
    for path in tmp_path.glob("index.sqlite*"):
        path.unlink()
    (tmp_path / "incoming" / "left.part").hardlink_to(tmp_path / "blobs" / KEY[:2] / f"{KEY}.dcm")

    with opened(tmp_path) as (services, _):
        assert stored(services) == [slide()]


def test_a_replacement_that_was_not_told_to_the_index_did_not_take_place(tmp_path):
    with opened(tmp_path, Duplicates.REPLACE) as (services, _):
        leave(services, slide(), KEY)
    with opened(tmp_path, Duplicates.REPLACE) as (services, _):
        leave(services, slide(2), version_key(slide(2)))

    with opened(tmp_path, Duplicates.REPLACE) as (services, _):
        assert stored(services) == [slide()]
    assert (files(tmp_path, "incoming"), files(tmp_path, "blobs")) == ([], [KEY])


def test_what_is_being_deleted_does_not_come_back(tmp_path):
    with opened(tmp_path) as (services, index):
        leave(services, slide(), KEY)
        store = services.ingest._store
        with store.condemning([KEY]) as listed:
            finish_unsettled(store, index)
            assert stored(services) == []
            store.remove([KEY])
            store.finish(listed)

    with opened(tmp_path) as (services, _):
        assert stored(services) == []
    assert (files(tmp_path, "incoming"), files(tmp_path, "blobs")) == ([], [])


def test_a_disk_that_does_not_take_it_keeps_nobody_from_reading(tmp_path, monkeypatch, caplog):
    with opened(tmp_path) as (services, _):
        leave(services, slide(), KEY)

    def full(*_):
        raise StorageError("no room")

    with monkeypatch.context() as patched:
        patched.setattr("tileserver.index.Index.add", full)
        with opened(tmp_path) as (services, _):
            assert stored(services) == []
    assert "an instance that was being stored is left alone: no room" in caplog.text

    with opened(tmp_path) as (services, _):
        assert stored(services) == [slide()]


@pytest.mark.parametrize("count", [1, 3])
def test_what_the_index_did_not_take_is_taken_back(tmp_path, monkeypatch, count):
    with opened(tmp_path) as (services, index):

        def refuse(*_):
            raise StorageError("no room")

        with monkeypatch.context() as patched:
            patched.setattr(index, "add", refuse)
            with contextlib.ExitStack() as several:
                incoming = [several.enter_context(services.ingest.receive()) for _ in range(count)]
                for number, item in enumerate(incoming):
                    item.write(slide().replace(UID.encode(), f"1.2.3.4.{number}".encode()))
                outcomes = services.ingest.accept_all(incoming)

        assert [type(outcome) for outcome in outcomes] == [StorageError] * count
        assert (files(tmp_path, "incoming"), files(tmp_path, "blobs")) == ([], [])
