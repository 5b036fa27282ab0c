# SPDX-License-Identifier: Apache-2.0
"""What is removed while somebody reads is kept for them, and for nobody else, and not for long."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tileserver.errors import LostBlobError
from tileserver.store import readers
from tileserver.store.folder import FolderBlobStore

KEY = "ab" * 32


@pytest.fixture
def store(tmp_path) -> FolderBlobStore:
    found = FolderBlobStore(tmp_path)
    keep(found, b"first")
    return found


def keep(store: FolderBlobStore, data: bytes) -> None:
    with store.receive() as incoming:
        incoming.write(data)
        assert incoming.keep(KEY)


def version(store: FolderBlobStore) -> str:
    with store.open(KEY) as blob:
        return blob.version


def read(store: FolderBlobStore, version: str | None = None) -> bytes:
    with store.open(KEY, version) as blob:
        return blob.pread(100, 0)


def removed(folder: Path) -> int:
    return len(list((folder / "removed").iterdir()))


def test_a_reader_has_the_bytes_that_it_found(store, tmp_path):
    with store.reading():
        first = version(store)
        FolderBlobStore(tmp_path).remove([KEY])
        with pytest.raises(LostBlobError):
            store.open(KEY)
        keep(store, b"second")

        assert read(store, first) == b"first"
        assert read(store) == read(store, version(store)) == b"second"
        assert removed(tmp_path) == 1

    assert removed(tmp_path) == 0
    with pytest.raises(LostBlobError):
        store.open(KEY, first)


def test_two_who_end_at_once_sweep_the_same(store, tmp_path, monkeypatch):
    entries = readers._entries

    def swept_by_another(folder: Path) -> list[os.DirEntry[str]]:
        found = entries(folder)
        for entry in found:
            if folder.name == "removed":
                os.unlink(entry.path)  # noqa: PTH108 - a name of os.scandir
        return found

    with store.reading():
        store.remove([KEY])
        assert removed(tmp_path) == 1
        monkeypatch.setattr(readers, "_entries", swept_by_another)

    assert removed(tmp_path) == 0


def test_nothing_is_kept_where_nobody_reads(store, tmp_path):
    first = version(store)

    store.remove([KEY])

    assert removed(tmp_path) == 0
    with pytest.raises(LostBlobError):
        store.open(KEY, first)


def test_who_has_it_open_can_tell_that_it_is_removed(store):
    with store.open(KEY) as blob, store.reading():
        before = blob.is_removed()
        store.remove([KEY])

        assert (before, blob.is_removed()) == (False, True)


def test_it_goes_although_others_began_since(store, tmp_path):
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(store.reading())
        before = set((tmp_path / "reading").iterdir())
        store.remove([KEY])
        second.enter_context(store.reading())
        (later,) = set((tmp_path / "reading").iterdir()) - before
        os.utime(later, (2**31, 2**31))  # whenever the clock ticks

        assert removed(tmp_path) == 1
        first.close()
        assert removed(tmp_path) == 0


READING = """
import os, sys
from pathlib import Path
from tileserver.store.folder import FolderBlobStore
store = FolderBlobStore(Path(sys.argv[1]))
with store.reading():
    store.remove([sys.argv[2]])
    os._exit(9)
"""


def test_a_crash_leaves_nothing_to_wait_for(store, tmp_path):
    command = [sys.executable, "-c", READING, str(tmp_path), KEY]
    assert subprocess.run(command, check=False).returncode == 9
    assert removed(tmp_path) == 1

    again = FolderBlobStore(tmp_path)

    assert removed(tmp_path) == 0
    assert list((tmp_path / "reading").iterdir()) == []
    keep(again, b"second")
    again.remove([KEY])
    assert removed(tmp_path) == 0


def test_who_cannot_tell_that_they_read_read_all_the_same(store, tmp_path):
    (tmp_path / "reading").rmdir()
    (tmp_path / "reading").write_bytes(b"")

    with store.reading():
        assert read(store) == b"first"
