# SPDX-License-Identifier: Apache-2.0
"""A full disk: reading and deleting go on, storing is refused until there is room."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import anyio
import disks
import httpx
import instances
import pytest
from servers import STOW_TYPE, Server, multipart, serving

from tileserver.app import create_app, open_services
from tileserver.errors import FullDiskError, NotFoundError, StorageError
from tileserver.index import Index
from tileserver.settings import Settings
from tileserver.store.folder import FolderBlobStore
from tileserver.store.reserve import Reserve

OUT_OF_RESOURCES = {"00081197": {"vr": "US", "Value": [0xA700]}}


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    with disks.small_disk(tmp_path / "disk", "12M") as found:
        yield found


def slide(study: str, number: int, frame: bytes = b"") -> bytes:
    named = {
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.1",
        "SOPInstanceUID": f"{study}.1.{number}",
    }
    return instances.written(instances.slide([frame or instances.jpeg(number % 200)], **named))


@contextlib.contextmanager
def serving_on_full_disk(data: Path, *options: str) -> Iterator[Server]:
    """Run a server whose log may have nothing worse than that the disk is full."""
    with contextlib.suppress(AssertionError), serving(data, *options) as server:
        yield server
    assert not re.search(r"CRITICAL|Traceback|unexpected", server.log.read_text())


def test_what_is_stored_is_read_and_deleted_and_nothing_more_is_stored(disk):
    with serving_on_full_disk(disk) as server:
        for study in ("1.2.1", "1.2.2"):
            files = [slide(study, number) for number in range(30)]
            assert server.store(*files).status_code == 200
        filler = disks.fill(disk)

        one, several = server.store(slide("1.2.3", 1)), server.store(*files)
        ready, readable = server.http.get("/readyz"), server.http.get("/readyz?for=reading")
        read = server.get("/studies/1.2.1")
        deleted = server.http.delete("/dicomweb/studies/1.2.1")
        gone = server.get("/studies/1.2.1")
        filler.unlink()

        assert (one.status_code, several.status_code) == (507, 507)
        assert re.fullmatch(
            r"the disk is full: [\d,]+ bytes more are needed for anything to be stored; "
            "delete studies, or give it room",
            one.headers["warning"].partition("/dicomweb: ")[2],
        )
        # Not even read, they have no names.
        assert one.json() == {"0008119A": {"vr": "SQ", "Value": [OUT_OF_RESOURCES]}}
        assert several.json() == {"0008119A": {"vr": "SQ", "Value": [OUT_OF_RESOURCES] * 30}}
        assert ready.status_code == 503
        assert ready.json()["problems"][0].startswith("the disk is full: ")
        assert (readable.status_code, readable.json()["ready"]) == (200, True)
        assert read.status_code == 200
        assert all(slide("1.2.1", number) in read.content for number in range(30))
        assert (deleted.status_code, gone.status_code) == (204, 404)
        assert server.http.get("/readyz").status_code == 200
        assert server.store(slide("1.2.3", 1)).status_code == 200


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_starts_on_a_full_disk(disk, workers):
    with serving_on_full_disk(disk) as server:
        assert server.store(*[slide("1.2.1", number) for number in range(30)]).is_success
        disks.fill(disk)
    disks.fill(disk)

    with serving_on_full_disk(disk, "--workers", workers) as server:
        filler = disks.fill(disk)
        found = server.get("/studies/1.2.1/metadata")
        refused = server.store(slide("1.2.3", 1))
        ready = server.http.get("/readyz")
        filler.unlink()
        stored = server.store(slide("1.2.3", 1))

    assert (found.status_code, len(found.json())) == (200, 30)
    assert (refused.status_code, ready.status_code, stored.status_code) == (507, 503, 200)


def test_deleting_makes_room_on_a_disk_that_instances_filled(disk):
    with serving_on_full_disk(disk) as server:
        number = 0
        while server.store(slide("1.2.1", number, bytes(500_000))).is_success:
            number += 1
        deleted = server.http.delete("/dicomweb/studies/1.2.1")
        stored = server.store(slide("1.2.1", number, bytes(500_000)))

    assert number > 5
    assert (deleted.status_code, stored.status_code) == (204, 200)


def test_what_fits_is_stored_and_what_does_not_leaves_nothing_behind(disk):
    app = create_app(Settings(data=disk))
    large = instances.written(instances.slide([bytes(14 << 20)]))
    small = slide("1.2.1", 1)

    async def store_both() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            return [
                await client.post(
                    "/dicomweb/studies",
                    content=multipart([file]),
                    headers={"Content-Type": STOW_TYPE},
                )
                for file in (large, small)
            ]

    refused, stored = anyio.run(store_both)

    assert refused.status_code == 507
    assert refused.headers["warning"].endswith(": cannot receive: No space left on device")
    assert refused.json() == {"0008119A": {"vr": "SQ", "Value": [OUT_OF_RESOURCES]}}
    assert stored.status_code == 200
    blobs = (disk / "blobs").rglob("*.dcm")
    assert [path.read_bytes() for path in blobs] == [small]
    assert list((disk / "incoming").iterdir()) == []


# Without a disk that can be filled: what would fail there fails here while the reserve is there.


@pytest.fixture
def opened(tmp_path):
    services, index = open_services(Settings(data=tmp_path / "data"))
    for number in range(5):
        services.ingest.add_file(io.BytesIO(slide("1.2.1", number)))
    yield services, index
    services.close()
    index.close()


def reserved(data: Path) -> int:
    return (data / "reserve").stat().st_size


def needing_room(monkeypatch, kind: type, name: str, data: Path) -> None:
    method = getattr(kind, name)

    def needing(self, *arguments, **named):
        if reserved(data):
            raise FullDiskError(f"{name}: no room")
        return method(self, *arguments, **named)

    monkeypatch.setattr(kind, name, needing)


@pytest.mark.parametrize(
    ("kind", "name"), [(FolderBlobStore, "condemning"), (Index, "remove")], ids=["list", "index"]
)
def test_deleting_has_the_room_that_is_kept(opened, tmp_path, monkeypatch, kind, name):
    services, _ = opened
    size = reserved(tmp_path / "data")
    needing_room(monkeypatch, kind, name, tmp_path / "data")

    services.delete.delete("1.2.1")

    with pytest.raises(NotFoundError):
        services.retrieve.instances("1.2.1")
    assert list((tmp_path / "data" / "condemned").iterdir()) == []
    assert reserved(tmp_path / "data") == size == 4 << 20


def test_what_does_not_fit_into_one_transaction_is_deleted_by_and_by(opened, monkeypatch):
    services, index = opened
    remove, tried = index.remove, []

    def of_two_at_most(below, keys):
        tried.append(len(keys))
        if len(keys) > 2:
            raise FullDiskError("no room")
        return remove(below, keys)

    monkeypatch.setattr(index, "remove", of_two_at_most)

    services.delete.delete("1.2.1")

    assert tried == [5, 5, 1, 4, 1, 1, 2]
    assert [event.kind.value for event in index.events(0, 100)][5:] == [
        *["InstanceDeleted"] * 3,
        "StudyDeleted",
    ]


def test_what_fits_not_at_all_is_told_and_stays(opened, monkeypatch):
    services, index = opened

    def full(*_):
        raise FullDiskError("no room")

    monkeypatch.setattr(index, "remove", full)
    with pytest.raises(FullDiskError):
        services.delete.delete("1.2.1")

    assert len(services.retrieve.instances("1.2.1")) == 5


def test_opening_has_the_room_that_is_kept(opened, tmp_path, monkeypatch):
    needing_room(monkeypatch, Index, "_prepare", tmp_path / "data")

    services, index = open_services(Settings(data=tmp_path / "data"))

    assert len(services.retrieve.instances("1.2.1")) == 5
    services.close()
    index.close()


def test_opening_what_finds_no_room_at_all_says_so(opened, tmp_path, monkeypatch):
    def full(*_):
        raise FullDiskError("the index cannot be opened")

    monkeypatch.setattr(Index, "_prepare", full)

    with pytest.raises(FullDiskError, match=r"^the disk is full: .* give it some room$"):
        open_services(Settings(data=tmp_path / "data"))


def test_nothing_is_stored_while_the_room_is_lent(tmp_path):
    store, other = FolderBlobStore(tmp_path), FolderBlobStore(tmp_path)

    with store.lending_room():
        for each in (store, other):
            with pytest.raises(FullDiskError):
                each.receive()
        assert reserved(tmp_path) == 0

    assert reserved(tmp_path) == 4 << 20
    with other.receive():
        pass


def test_room_that_went_away_is_taken_again(tmp_path):
    store = FolderBlobStore(tmp_path)
    (tmp_path / "reserve").unlink()

    store.check_room()

    assert reserved(tmp_path) == 4 << 20


def test_as_much_is_taken_as_there_is(tmp_path, monkeypatch):
    left = 1 << 20

    def allocate(descriptor: int, begin: int, length: int) -> None:
        nonlocal left
        if length > left:
            raise OSError(28, "No space left on device")
        left -= length
        with open(descriptor, "r+b", closefd=False) as file:
            file.truncate(begin + length)

    monkeypatch.setattr("tileserver.store.reserve._allocate", allocate)

    missing = Reserve(tmp_path).missing()

    assert (reserved(tmp_path), missing, left) == (1 << 20, 3 << 20, 0)


def test_where_no_room_can_be_kept_all_can_be_stored(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("tileserver.store.reserve._allocate", refuse)

    with FolderBlobStore(tmp_path).receive():
        pass


def test_an_error_of_another_kind_takes_no_room(opened, tmp_path, monkeypatch):
    services, index = opened
    sizes = []

    def locked(*_):
        sizes.append(reserved(tmp_path / "data"))
        raise StorageError("the index cannot be written: database is locked")

    monkeypatch.setattr(index, "remove", locked)
    with pytest.raises(StorageError, match="locked"):
        services.delete.delete("1.2.1")

    assert sizes == [4 << 20]
