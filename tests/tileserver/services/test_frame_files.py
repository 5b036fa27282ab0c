# SPDX-License-Identifier: Apache-2.0
"""Files kept open: bounded, closed when nobody reads them, and never those of a removed blob."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomizer.dicom.encapsulation import FrameIndex
from tileserver.errors import StorageError
from tileserver.index import StoredInstance
from tileserver.services.frame_files import FrameFiles
from tileserver.store import FolderBlobStore

COUNT = 12


def found(number: int, content: bytes) -> StoredInstance:
    return StoredInstance("1", "2", f"3.{number}", "4", f"{number:064x}", content, len(content))


def index_of(uid: str) -> FrameIndex | None:
    """Each has two frames: the first three bytes, and the others in two fragments."""
    if uid == "3.99":
        return None
    offsets, lengths = np.array([0, 3], "<u8"), np.array([3, 4], "<u8")
    return FrameIndex(offsets, lengths, {1: ((3, 2), (5, 2))})


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> FolderBlobStore:
    """Give a store of twelve blobs."""
    folder = FolderBlobStore(tmp_path_factory.mktemp("files"))
    for number in range(COUNT):
        put(folder, number, content(number))
    return folder


def content(number: int) -> bytes:
    return b"%03dabcd" % number


def put(store: FolderBlobStore, number: int, data: bytes) -> None:
    with store.receive() as incoming:
        incoming.write(data)
        incoming.keep(f"{number:064x}")


def descriptors(folder: str) -> Iterator[Path]:
    """Yield the files below a folder that this process has open."""
    for link in Path("/proc/self/fd").iterdir():
        if link.is_symlink() and folder in str(link.readlink()):
            yield link


def is_open(files: FrameFiles, number: int) -> bool:
    return files.peek(f"3.{number}") is not None


def test_frames_are_read_whole_and_at_once_only_where_that_is_one_read(store):
    files = FrameFiles(store, index_of)
    file = files.opened(found(7, content(7)))

    assert file is not None
    assert (len(file), file.length(1), file.length(2)) == (2, 3, 4)
    assert (file.read(1), file.read(2)) == (b"007", b"abcd")
    assert file.read_now(1, 3) == b"007"
    assert [file.read_now(n, 3) for n in (0, 2, 3)] == [None, None, None]
    assert file.read_now(1, 2) is None


def test_an_instance_without_frames_is_not_opened(store):
    assert FrameFiles(store, index_of).opened(found(99, b"")) is None


@given(
    st.lists(st.tuples(st.sampled_from(["open", "forget", "peek"]), st.integers(0, COUNT - 1))),
    st.integers(1, 4),
)
def test_what_was_not_asked_for_the_longest_goes_first(store, steps, most):
    files, expected = FrameFiles(store, index_of, most_open=most), []
    for step, number in steps:
        known = number in expected
        if step == "open":
            assert files.opened(found(number, content(number))).read(1) == b"%03d" % number
        elif step == "forget":
            files.forget(f"3.{number}")
        else:
            assert is_open(files, number) == known
        if known:
            expected.remove(number)
        if step == "open" or (step == "peek" and known):
            expected.append(number)
        expected = expected[-most:]

    assert len(files) == len(expected)
    assert all(is_open(files, number) for number in expected)


def test_memory_is_bounded_but_for_the_last(store):
    files = FrameFiles(store, index_of, most_bytes=10_000)
    for number in range(4):
        files.opened(found(number, content(number)))

    assert [is_open(files, number) for number in range(4)] == [False, False, True, True]
    assert len(FrameFiles(store, index_of, most_bytes=1)._files) == 0
    tight = FrameFiles(store, index_of, most_bytes=1)
    tight.opened(found(0, content(0)))
    assert is_open(tight, 0)


def test_files_are_closed_when_the_last_reader_lets_go(store):
    folder = str(store._blobs)
    files = FrameFiles(store, index_of, most_open=3)
    for number in range(COUNT):
        files.opened(found(number, content(number)))
    assert len(list(descriptors(folder))) == 3

    reading = files.peek(f"3.{COUNT - 1}")
    files.close()
    assert len(files) == 0
    assert len(list(descriptors(folder))) == 1
    assert reading is not None
    assert reading.read(1) == b"011"
    del reading
    assert list(descriptors(folder)) == []


def test_a_removed_blob_is_neither_seen_nor_kept(tmp_path):
    store = FolderBlobStore(tmp_path)
    put(store, 0, b"oldabcd")
    files = FrameFiles(store, index_of)
    files.opened(found(0, b"oldabcd"))

    next(tmp_path.rglob("*.dcm")).unlink()
    assert files.peek("3.0") is None
    with pytest.raises(StorageError):
        files.opened(found(0, b"oldabcd"))
    put(store, 0, b"newabcd")
    opened = files.opened(found(0, b"newabcd"))
    assert opened is not None
    assert opened.read(1) == b"new"
    assert files.peek("3.0") is opened


def test_removed_files_are_closed_though_nobody_asks_for_them(tmp_path):
    store = FolderBlobStore(tmp_path)
    files = FrameFiles(store, index_of)
    for number in range(3):
        put(store, number, content(number))
        files.opened(found(number, content(number)))
    reading = files.peek("3.1")
    for path in sorted(tmp_path.rglob("*.dcm"))[:2]:
        path.unlink()

    files.forget_removed()

    assert len(files) == 1
    assert len(list(descriptors(str(tmp_path)))) == 2  # one is being read
    assert reading is not None
    assert reading.read(1) == b"001"
    del reading
    assert [path.readlink().name for path in descriptors(str(tmp_path))] == [f"{2:064x}.dcm"]
    assert is_open(files, 2)


def test_a_blob_that_was_cut_is_not_opened(tmp_path):
    store = FolderBlobStore(tmp_path)
    put(store, 0, b"abc")

    with pytest.raises(StorageError, match="has 3 bytes, expected 7"):
        FrameFiles(store, index_of).opened(found(0, b"0123456"))
    assert list(descriptors(str(tmp_path))) == []


def test_readers_in_many_threads_get_their_own_bytes(store):
    files = FrameFiles(store, index_of, most_open=2)
    stop = threading.Event()

    def forget() -> None:
        while not stop.is_set():
            files.forget("3.5")

    def read(number: int) -> bool:
        file = files.peek(f"3.{number}") or files.opened(found(number, content(number)))
        return file is not None and file.read(1) == b"%03d" % number

    with ThreadPoolExecutor(6) as pool:
        forgetting = pool.submit(forget)
        right = list(pool.map(read, [*range(COUNT)] * 100))
        stop.set()
        forgetting.result()

    assert all(right)
    assert len(files) <= 2
