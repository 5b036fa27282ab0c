# SPDX-License-Identifier: Apache-2.0
"""An index that was lost is not taken for an empty archive."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
from pathlib import Path

import instances
import pytest

from tileserver.app import open_services, rebuild_index
from tileserver.errors import DamagedIndexError
from tileserver.services import lost_index
from tileserver.settings import Settings
from tileserver.store.folder import blob_path


def file_of(number: int) -> bytes:
    uids = {"StudyInstanceUID": "1.2.3", "SOPInstanceUID": f"1.2.3.{number}"}
    return instances.written(instances.slide([instances.jpeg(number)], **uids))


def key_of(number: int) -> str:
    return hashlib.sha256(f"1.2.3.{number}".encode()).hexdigest()


@contextlib.contextmanager
def opened(data):
    services, index = open_services(Settings(data=data))
    yield services
    services.close()
    index.close()


def fill(data: Path, count: int) -> None:
    with opened(data) as services:
        for number in range(count):
            services.ingest.add_file(io.BytesIO(file_of(number)))


def lose(data: Path) -> None:
    for path in data.glob("index.sqlite*"):
        path.unlink()


def make_empty(data: Path) -> None:
    lose(data)
    (data / "index.sqlite").touch()


def bring_back_the_first(data: Path) -> None:
    """Put an index in its place that was made before anything was stored."""
    lose(data)
    with opened(data / "elsewhere"):
        pass
    (data / "elsewhere" / "index.sqlite").rename(data / "index.sqlite")


def refused(data: Path) -> str:
    with pytest.raises(DamagedIndexError) as caught:
        open_services(Settings(data=data))
    return str(caught.value)


def count(data: Path) -> int:
    with opened(data) as services:
        return services.status.counts().instances


@pytest.mark.parametrize("damage", [lose, make_empty, bring_back_the_first])
def test_nothing_starts_until_the_index_is_made_anew(tmp_path, damage):
    fill(tmp_path, 3)
    damage(tmp_path)

    for _ in range(2):
        assert refused(tmp_path) == (
            f"3 stored files are not in the index; run tileserver reindex --data {tmp_path}"
        )
    done, aside = rebuild_index(Settings(data=tmp_path))
    assert (done.count, aside) == (3, None)
    assert count(tmp_path) == 3


def test_no_more_are_counted_than_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(lost_index, "_COUNTED", 2)
    fill(tmp_path, 4)
    lose(tmp_path)

    assert re.match(r"more than 2 stored files are not in the index; ", refused(tmp_path))


def test_a_new_folder_and_an_emptied_one_start(tmp_path):
    fill(tmp_path, 0)
    fill(tmp_path, 1)
    with opened(tmp_path) as services:
        services.delete.delete("1.2.3")

    assert count(tmp_path) == 0


def test_a_deleted_file_that_a_power_cut_brought_back_is_no_loss(tmp_path):
    fill(tmp_path, 1)
    path = blob_path(tmp_path / "blobs", key_of(0))
    with opened(tmp_path) as services:
        services.delete.delete("1.2.3")
    path.write_bytes(file_of(0))

    assert count(tmp_path) == 0


def left_by_a_crash(data: Path, number: int) -> None:
    """Come as far as the blob, and no further."""
    with opened(data) as services, services.ingest.receive() as incoming:
        incoming.write(file_of(number))
        incoming.keep(key_of(number))
        incoming.leave()


def test_a_first_store_that_was_killed_is_settled(tmp_path):
    left_by_a_crash(tmp_path, 0)

    assert count(tmp_path) == 1


def test_a_first_store_under_way_is_no_loss(tmp_path):
    with opened(tmp_path) as services, services.ingest.receive() as incoming:
        incoming.write(file_of(0))
        incoming.keep(key_of(0))

        assert count(tmp_path) == 0


def test_a_crash_does_not_hide_that_the_index_was_lost(tmp_path):
    fill(tmp_path, 2)
    left_by_a_crash(tmp_path, 2)
    lose(tmp_path)

    for _ in range(2):
        assert refused(tmp_path).startswith("2 stored files are not in the index; ")
    rebuild_index(Settings(data=tmp_path))
    assert count(tmp_path) == 3


def test_a_deletion_that_was_killed_is_finished(tmp_path):
    fill(tmp_path, 1)
    lose(tmp_path)
    (tmp_path / "condemned" / "x.keys").write_text(f"\n{key_of(0)}", "ascii")

    assert count(tmp_path) == 0
    assert not blob_path(tmp_path / "blobs", key_of(0)).exists()


def test_what_a_new_index_has_left_aside_keeps_nobody_from_starting(tmp_path):
    fill(tmp_path, 1)
    blob_path(tmp_path / "blobs", key_of(0)).write_bytes(b"damaged")
    lose(tmp_path)
    assert refused(tmp_path).startswith("1 stored file is not in the index; ")
    done, _ = rebuild_index(Settings(data=tmp_path))

    assert done.unreadable == [key_of(0)]
    assert count(tmp_path) == 0
    fill(tmp_path, 1)
    assert count(tmp_path) == 1


def test_backups_by_links_do_not_hide_it(tmp_path):
    fill(tmp_path, 1)
    (tmp_path / "backup").hardlink_to(blob_path(tmp_path / "blobs", key_of(0)))
    lose(tmp_path)

    assert refused(tmp_path).startswith("1 stored file is not in the index; ")
