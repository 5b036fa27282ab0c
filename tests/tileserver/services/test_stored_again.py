# SPDX-License-Identifier: Apache-2.0
"""The same bytes once more: neither read nor written, and told as the first time."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import instances
import pytest

from tileserver.app import open_services
from tileserver.errors import WrongStudyError
from tileserver.services import ingest
from tileserver.settings import Duplicates, Settings
from tileserver.store.folder import FolderIncoming


def slide(number: int, **attributes) -> bytes:
    named = {
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.4",
        "SOPInstanceUID": f"1.2.3.4.{number}",
    }
    return instances.written(instances.slide([instances.jpeg(number)], **named | attributes))


@pytest.fixture
def opened(tmp_path):
    found = open_services(Settings(data=tmp_path))
    yield found
    found[0].close()
    found[1].close()


@pytest.fixture
def work(monkeypatch) -> dict[str, int]:
    """Count what is read and what is written to disk."""
    counts = {"read": 0, "kept": 0}

    def counted(name: str, function):
        def wrapped(*arguments):
            counts[name] += 1
            return function(*arguments)

        return wrapped

    monkeypatch.setattr(ingest, "read_record", counted("read", ingest.read_record))
    monkeypatch.setattr(FolderIncoming, "keep", counted("kept", FolderIncoming.keep))
    return counts


def store(services, *files: bytes, study: str | None = None):
    received = []
    for file in files:
        received.append(services.ingest.receive())
        received[-1].write(file)
    outcomes = services.ingest.accept_all(received, study)
    for each in received:
        each.__exit__(None, None, None)
    return outcomes


def test_what_is_stored_is_known_by_its_bytes(opened, work):
    services, _ = opened
    files = [slide(number) for number in range(5)]
    first = store(services, *files)
    before = dict(work)

    again = [*store(services, *files), services.ingest.add_file(io.BytesIO(files[3]))]

    assert work == before == {"read": 5, "kept": 5}
    assert [each.is_new for each in first] == [True] * 5
    assert [each.is_new for each in again] == [False] * 6
    assert [each.sop_instance_uid for each in again] == [
        *(f"1.2.3.4.{number}" for number in range(5)),
        "1.2.3.4.3",
    ]


def test_warnings_are_told_each_time(opened, work):
    services, _ = opened
    file = slide(1, Modality="")

    warnings = [store(services, file)[0].warning for _ in range(3)]

    assert warnings == [0xB007] * 3
    assert work["read"] == 1


def test_what_is_deleted_is_stored_anew(opened, work):
    services, _ = opened
    store(services, slide(1))
    services.delete.delete("1.2.3")

    (again,) = store(services, slide(1))

    assert again.is_new
    assert len(services.retrieve.instances("1.2.3")) == 1
    assert work == {"read": 2, "kept": 2}


def test_what_was_lost_is_put_back(opened, tmp_path, work):
    services, _ = opened
    store(services, slide(1))
    for blob in (tmp_path / "blobs").rglob("*.dcm"):
        blob.unlink()

    (again,) = store(services, slide(1))

    assert not again.is_new
    (blob,) = (tmp_path / "blobs").rglob("*.dcm")
    assert blob.read_bytes() == slide(1)


def test_another_study_is_wrong_each_time(opened):
    services, _ = opened
    store(services, slide(1))

    (outcome,) = store(services, slide(1), study="1.2.9")

    assert isinstance(outcome, WrongStudyError)


def test_bytes_that_were_not_kept_are_not_known(tmp_path):
    services, index = open_services(Settings(data=tmp_path, duplicates=Duplicates.KEEP_FIRST))
    other = slide(1, PatientID="other")
    store(services, slide(1))
    assert store(services, other)[0].warning == 0x0111
    services.delete.delete("1.2.3")

    (stored,) = store(services, other)

    assert (stored.is_new, stored.warning) == (True, None)
    services.close()
    index.close()


def test_many_who_send_the_same_at_once_store_it_once(opened, tmp_path, work):
    services, _ = opened
    files = [slide(number) for number in range(40)]

    def send(number: int):
        begin = number % 3
        return store(services, *files[begin:], *files[:begin])

    with ThreadPoolExecutor(12) as pool:
        outcomes = [each for some in pool.map(send, range(24)) for each in some]

    assert sum(each.is_new for each in outcomes) == 40
    assert len(services.retrieve.instances("1.2.3")) == 40
    assert work == {"read": 40, "kept": 40}
    assert list((tmp_path / "incoming").iterdir()) == []
