# SPDX-License-Identifier: Apache-2.0
"""What comes many times at once, or is very large inside."""

from __future__ import annotations

import struct
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import instances


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
