# SPDX-License-Identifier: Apache-2.0
"""What comes many times at once, or is very large inside."""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import instances
from bounds import within_bounds


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

    with within_bounds(server):
        answer = server.store(file)

    assert answer.status_code == 409


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


def test_a_flood_of_parts_is_refused_at_once_and_leaves_nothing(server):
    before = len(blobs(server.data))
    good = instances.written(instances.slide([instances.jpeg(7)]))

    with within_bounds(server):
        answer = server.store(*[b"x"] * 100, good, *[b"x"] * 100_000)

    assert answer.status_code == 400
    assert answer.json()["message"] == "the body has more than 10,000 parts"
    assert len(blobs(server.data)) == before
    assert list((server.data / "incoming").iterdir()) == []


def test_as_many_parts_as_there_may_be_and_none_an_instance(server):
    with within_bounds(server):
        answer = server.store(*[b"x"] * 10_000)

    assert answer.status_code == 409
    assert len(answer.json()["0008119A"]["Value"]) == 10_000


def test_clients_that_send_the_same_study_again_and_again_store_it_once(server):
    files = []
    for number in range(40):
        found = instances.slide([instances.jpeg(number)])
        found.StudyInstanceUID, found.SeriesInstanceUID = "1.2.77", "1.2.77.1"
        files.append(instances.written(found))
    before = len(blobs(server.data))

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: server.store(*files[number % 40 :]), range(80)))

    assert {answer.status_code for answer in answers} == {200}
    assert len(blobs(server.data)) == before + 40
    (study,) = server.get("/studies?StudyInstanceUID=1.2.77").json()
    assert study["00201208"]["Value"] == [40]
