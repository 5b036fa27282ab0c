# SPDX-License-Identifier: Apache-2.0
"""The folder keeps bytes as received, whole or not at all, under keys only."""

from __future__ import annotations

import contextlib
import os
import resource
import signal

import pytest

from tileserver.errors import StorageError
from tileserver.store import FolderBlobStore

KEY, OTHER = "ab" * 32, "cd" * 32


def keep(store: FolderBlobStore, key: str, *chunks: bytes) -> bool:
    with store.receive() as incoming:
        for chunk in chunks:
            incoming.write(chunk)
        return incoming.keep(key)


def test_what_is_kept_is_read_back_whole_and_in_parts(tmp_path):
    store = FolderBlobStore(tmp_path / "data")

    assert keep(store, KEY, b"hello, ", b"world")

    with store.open(KEY) as blob:
        assert blob.size == 12
        assert blob.pread(5, 7) == b"world"
        assert blob.pread(100, 7) == b"world"
        assert blob.pread(5, 100) == b""
        assert blob.file().read() == b"hello, world"
    assert (tmp_path / "data" / "blobs" / "ab" / f"{KEY}.dcm").read_bytes() == (b"hello, world")


def test_what_is_received_can_be_read_and_has_its_digest(tmp_path):
    with FolderBlobStore(tmp_path).receive() as incoming:
        incoming.write(b"abc")

        assert incoming.file().read() == b"abc"
        assert incoming.size == 3
        assert incoming.sha256.hex() == (
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )


def test_a_key_is_written_once(tmp_path):
    store = FolderBlobStore(tmp_path)

    assert [keep(store, KEY, b"first"), keep(store, KEY, b"second")] == [True, False]
    with store.open(KEY) as blob:
        assert blob.file().read() == b"first"


def test_what_is_not_kept_leaves_nothing(tmp_path):
    store = FolderBlobStore(tmp_path)
    with pytest.raises(RuntimeError), store.receive() as incoming:
        incoming.write(b"abc")
        raise RuntimeError

    keep(store, KEY, b"abc")

    assert list((tmp_path / "incoming").iterdir()) == []
    assert list(store.list_keys()) == [KEY]


def test_keys_come_in_the_order_they_came_and_foreign_files_do_not(tmp_path):
    store = FolderBlobStore(tmp_path)
    for number, key in enumerate((OTHER, KEY, "01" * 32)):
        keep(store, key, b"x")
        path = tmp_path / "blobs" / key[:2] / f"{key}.dcm"
        os.utime(path, ns=(0, number))
    (path.parent / "foreign.dcm").write_text("x")
    (path.parent / f"{KEY}.txt").write_text("x")

    assert list(store.list_keys()) == [OTHER, KEY, "01" * 32]


def test_keys_come_in_the_order_they_were_whole_however_they_were_kept(tmp_path):
    store = FolderBlobStore(tmp_path)
    keys = [f"{number:02x}" * 32 for number in range(20, 0, -1)]
    with contextlib.ExitStack() as opened:
        several = [opened.enter_context(store.receive()) for _ in keys]
        for number, incoming in enumerate(several):
            incoming.write(b"x" * (1 + number % 2 * (1 << 20)))
            incoming.file()
        for incoming, key in reversed(list(zip(several, keys, strict=True))):
            incoming.keep(key)

    assert list(store.list_keys()) == keys


def test_a_damaged_list_of_deletions_keeps_nobody_from_starting(tmp_path, caplog):
    store = FolderBlobStore(tmp_path)
    keep(store, KEY, b"x")
    path = tmp_path / "condemned" / "0.keys"
    path.write_bytes(b"\n" + KEY[:-1].encode() + b"\xff")

    with store.abandoned() as found:
        assert found == []
    assert KEY not in store.condemned_keys()
    assert path.exists()
    assert f"{path} is damaged and left alone" in caplog.text


@pytest.mark.parametrize("key", ["", "../../x", "ab" * 31, "AB" * 32, "g" * 64, f"{KEY}\n"])
def test_nothing_but_a_key_names_a_file(tmp_path, key):
    store = FolderBlobStore(tmp_path)

    with pytest.raises(StorageError, match="something else than a key"):
        store.open(key)
    with pytest.raises(StorageError, match="something else than a key"):
        keep(store, key, b"x")


def test_a_blob_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StorageError, match=f"blob {KEY} cannot be read: No such file"):
        FolderBlobStore(tmp_path).open(KEY)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match=r"the data folder \S+ cannot be made: Not a directory"):
        FolderBlobStore(tmp_path / "file" / "data")


def test_what_a_crash_left_goes_and_what_is_being_received_stays(tmp_path):
    store = FolderBlobStore(tmp_path)
    (tmp_path / "incoming" / "crashed.part").write_text("x")
    with store.receive() as incoming:
        incoming.write(bytes(100 << 10))  # more than is held in memory

        assert list(FolderBlobStore(tmp_path).unsettled()) == []

        assert len(list((tmp_path / "incoming").iterdir())) == 1
        assert incoming.keep(KEY)


def test_what_a_crash_left_under_a_key_is_told_once(tmp_path):
    store = FolderBlobStore(tmp_path)
    with store.receive() as incoming:
        incoming.write(b"abc")
        incoming.keep(KEY)
        incoming.leave()

    for unsettled in FolderBlobStore(tmp_path).unsettled():
        assert unsettled.file().read() == b"abc"
        assert unsettled.size == 3
        assert (unsettled.is_under(KEY), unsettled.is_under(OTHER)) == (True, False)
        assert list(store.unsettled()) == []
        unsettled.forget()

    assert list((tmp_path / "incoming").iterdir()) == []
    assert list(store.list_keys()) == [KEY]


def test_what_was_kept_can_be_taken_back_but_not_what_another_kept(tmp_path):
    store = FolderBlobStore(tmp_path)
    with store.receive() as first, store.receive() as second:
        assert (first.keep(KEY), second.keep(KEY), second.keep(OTHER)) == (True, False, True)
        assert (first.kept, second.kept) == ((KEY,), (OTHER,))
        second.take_back(KEY)
        second.take_back(OTHER)

    assert list(store.list_keys()) == [KEY]


@pytest.mark.parametrize("failing", ["blobs", "blobs/ab"])
def test_what_could_not_be_flushed_is_made_anew(tmp_path, monkeypatch, failing):
    store = FolderBlobStore(tmp_path)
    flushed = []

    def flush(folder):
        flushed.append(str(folder.relative_to(tmp_path)))
        if flushed[-1] == failing and flushed.count(failing) == 1:
            raise OSError(5, "Input/output error")

    for module in ("folder", "flushing"):
        monkeypatch.setattr(f"tileserver.store.{module}.flush_folder", flush)
    with store.receive() as incoming:
        incoming.write(b"abc")
        with pytest.raises(StorageError, match="cannot store: Input/output error"):
            incoming.keep(KEY)
        for key in incoming.kept:
            incoming.take_back(key)
    assert list(store.list_keys()) == []
    assert (tmp_path / "blobs" / "ab").exists() == (failing == "blobs/ab")

    assert keep(store, KEY, b"abc")
    assert flushed[-1] == "blobs/ab"


@pytest.fixture
def small_files():
    """Let no file grow beyond 64 KiB, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    store = FolderBlobStore(tmp_path)

    with pytest.raises(StorageError, match="cannot receive: File too large"):
        keep(store, KEY, bytes(100 << 10))

    assert list((tmp_path / "incoming").iterdir()) == []
    assert list(store.list_keys()) == []


def test_few_bytes_are_held_in_memory_until_they_are_kept(tmp_path):
    store = FolderBlobStore(tmp_path)
    with store.receive() as incoming:
        incoming.write(b"few ")
        incoming.write(b"bytes")

        assert incoming.file().read() == incoming.file().read() == b"few bytes"
        assert list((tmp_path / "incoming").iterdir()) == []
        assert incoming.keep(KEY)
        assert incoming.file().read() == b"few bytes"

    assert list((tmp_path / "incoming").iterdir()) == []
    with store.open(KEY) as blob:
        assert blob.pread(100, 0) == b"few bytes"


def test_all_that_is_held_together_is_bounded(tmp_path):
    store = FolderBlobStore(tmp_path)
    piece = bytes(64 << 10)
    with contextlib.ExitStack() as received:
        for _ in range(600):
            incoming = received.enter_context(store.receive())
            incoming.write(piece)
        files = len(list((tmp_path / "incoming").iterdir()))
        assert files == 600 - 512
        assert incoming.file().read() == piece

    with store.receive() as incoming:
        incoming.write(piece)
        assert list((tmp_path / "incoming").iterdir()) == []
