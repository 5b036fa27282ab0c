# SPDX-License-Identifier: Apache-2.0
"""What comes many times at once, is very large inside, or finds no room on the disk."""

from __future__ import annotations

import contextlib
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import instances
import pytest
from servers import STOW_TYPE, multipart

from tileserver.app import create_app
from tileserver.settings import Settings


def blobs(data: Path) -> list[Path]:
    return list((data / "blobs").rglob("*.dcm"))


def test_the_same_instance_sent_twenty_times_at_once_is_stored_once(server):
    found = instances.slide([instances.jpeg(7)])
    file = instances.written(found)
    before = len(blobs(server.data))

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: server.store(file), range(20)))

    assert [answer.status_code for answer in answers] == [200] * 20
    assert len({answer.text for answer in answers}) == 1
    assert len(blobs(server.data)) == before + 1
    (study,) = server.get(f"/studies?StudyInstanceUID={found.StudyInstanceUID}").json()
    assert study["00201208"]["Value"] == [1]
    assert list((server.data / "incoming").iterdir()) == []


def test_items_without_number_are_refused_at_once(server):
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 2_100_000
    sequence = b"\x40\x00\x30\xa7SQ\0\0" + struct.pack("<I", len(items))
    file = instances.written(instances.dataset()) + sequence + items

    start = time.monotonic()
    answer = server.store(file)

    assert answer.status_code == 409
    assert time.monotonic() - start < 2


def test_others_are_answered_while_a_large_dataset_is_read(server):
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 100_000
    sequence = b"\x40\x00\x30\xa7SQ\0\0" + struct.pack("<I", len(items))
    file = instances.written(instances.dataset()) + sequence + items

    with ThreadPoolExecutor(1) as pool:
        storing = pool.submit(server.store, file)
        waits = []
        while not storing.done():
            waits.append(server.http.get("/healthz").elapsed.total_seconds())

    assert storing.result().status_code == 200
    assert len(waits) > 10
    assert sorted(waits)[len(waits) // 2] < 0.1


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """Give a file system of 2 MB, or skip."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2M", "tmpfs", disk], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a small file system needs the superuser")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_told_and_what_fits_is_stored(small_disk):
    app = create_app(Settings(data=small_disk / "data"))
    large = instances.written(instances.slide([bytes(4 << 20)]))
    small = instances.written(instances.slide([instances.jpeg(8)]))

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
    assert refused.json() == {
        "error": "StorageError",
        "message": "cannot receive: No space left on device",
    }
    assert stored.status_code == 200
    assert [path.read_bytes() for path in blobs(small_disk / "data")] == [small]
    assert list((small_disk / "data" / "incoming").iterdir()) == []


def fill(disk: Path) -> None:
    """Leave no block of a file system free."""
    with (disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


def test_reading_goes_on_when_nothing_can_be_stored(small_disk):
    app = create_app(Settings(data=small_disk / "data"))
    found = instances.slide([instances.jpeg(8)])
    file = instances.written(found)
    others = [instances.written(instances.slide([instances.jpeg(9)])) for _ in range(3)]
    path = f"/dicomweb/studies/{found.StudyInstanceUID}"

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):

            async def post(*files: bytes) -> httpx.Response:
                headers = {"Content-Type": STOW_TYPE}
                return await client.post(
                    "/dicomweb/studies", content=multipart(files), headers=headers
                )

            first = await post(file)
            fill(small_disk)
            return [
                first,
                await post(others[0]),
                await post(*others),
                await client.get(f"{path}/metadata"),
                await client.get(path, headers={"Accept": "*/*"}),
                await client.delete(path),
                await client.get(f"{path}/metadata"),
            ]

    first, one, several, metadata, whole, deleted, after = anyio.run(run)

    assert [first.status_code, one.status_code, several.status_code] == [200, 507, 507]
    assert metadata.status_code == 200
    assert file in whole.content
    assert (deleted.status_code, after.status_code) in {(507, 200), (204, 404)}
    assert list((small_disk / "data" / "incoming").iterdir()) == []
