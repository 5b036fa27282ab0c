# SPDX-License-Identifier: Apache-2.0
"""Archives of earlier builds open: blobs are moved to where this one looks, once and safely."""

from __future__ import annotations

import io
import multiprocessing
import shutil
from pathlib import Path

import instances
import pytest

from tileserver.decoding import Decoders
from tileserver.errors import StorageError
from tileserver.index import Index
from tileserver.services.ingest import Ingest
from tileserver.store import FolderBlobStore

KEYS = ["ab" * 32, "abcd" + "0" * 60, "01" * 32]


def old_place(data: Path, key: str) -> Path:
    return data / "blobs" / key[:2] / key[2:4] / f"{key}.dcm"


def place(data: Path, key: str) -> Path:
    return data / "blobs" / key[:2] / f"{key}.dcm"


@pytest.fixture
def old(tmp_path) -> Path:
    """Return a data folder as earlier builds left it."""
    for key in KEYS:
        old_place(tmp_path, key).parent.mkdir(parents=True, exist_ok=True)
        old_place(tmp_path, key).write_bytes(key.encode())
    (tmp_path / "incoming").mkdir()
    return tmp_path


def read(store: FolderBlobStore, key: str) -> bytes:
    with store.open(key) as blob:
        return blob.file().read()


def test_blobs_of_earlier_builds_are_found(old):
    store = FolderBlobStore(old)

    assert [read(store, key) for key in KEYS] == [key.encode() for key in KEYS]
    assert sorted(store.list_keys()) == sorted(KEYS)
    assert sorted(str(path.relative_to(old)) for path in (old / "blobs").rglob("*")) == sorted(
        ["blobs/01", "blobs/ab", *(f"blobs/{key[:2]}/{key}.dcm" for key in KEYS)]
    )


def test_an_archive_of_an_earlier_build_serves_its_instances(tmp_path):
    index = Index(tmp_path / "index.sqlite")
    ingest = Ingest(FolderBlobStore(tmp_path), index, Decoders())
    file = instances.written(instances.dataset())
    stored = index.find(ingest.add_file(io.BytesIO(file)).sop_instance_uid)
    assert stored is not None
    inner = old_place(tmp_path, stored.key)
    inner.parent.mkdir()
    place(tmp_path, stored.key).rename(inner)
    (tmp_path / "layout").unlink()

    store = FolderBlobStore(tmp_path)

    assert read(store, stored.key) == file
    assert Ingest(store, index, Decoders()).add_file(io.BytesIO(file)).is_new is False
    index.close()


def test_a_new_store_is_marked_and_a_marked_one_is_not_searched(old):
    FolderBlobStore(old)
    late = "ef" * 32
    old_place(old, late).parent.mkdir(parents=True)
    old_place(old, late).write_bytes(b"x")

    store = FolderBlobStore(old)

    assert (old / "layout").read_text() == "2\n"
    assert old_place(old, late).exists()
    assert not store.has(late)


@pytest.mark.parametrize("done", [1, 2, 3])
def test_a_crash_between_renames_lets_the_next_opening_go_on(old, done):
    for key in KEYS[:done]:
        old_place(old, key).rename(place(old, key))
    (old / "layout.part").write_text("")

    store = FolderBlobStore(old)

    assert [read(store, key) for key in KEYS] == [key.encode() for key in KEYS]
    assert (old / "layout").exists()


def test_a_blob_that_came_again_meanwhile_stays_and_other_bytes_are_not_lost(old, caplog):
    same, other = KEYS[0], KEYS[1]
    shutil.copy(old_place(old, same), place(old, same))
    place(old, other).write_bytes(b"other bytes")

    store = FolderBlobStore(old)

    assert read(store, same) == same.encode()
    assert not old_place(old, same).exists()
    assert read(store, other) == b"other bytes"
    assert old_place(old, other).read_bytes() == other.encode()
    assert "is there twice, with different bytes" in caplog.text


def test_what_is_foreign_stays(old):
    foreign = old / "blobs" / "ab" / "ab" / "notes.txt"
    foreign.write_text("x")

    FolderBlobStore(old)

    assert foreign.read_text() == "x"


def opened(folder: Path) -> None:
    FolderBlobStore(folder)


def test_processes_that_open_at_once_move_each_blob_once(old):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(opened, [old] * 6)

    store = FolderBlobStore(old)
    assert [read(store, key) for key in KEYS] == [key.encode() for key in KEYS]


def test_a_layout_of_a_later_build_is_left_alone(old):
    (old / "layout").write_text("3\n")

    with pytest.raises(StorageError, match="the data folder has layout '3', expected 2"):
        FolderBlobStore(old)
