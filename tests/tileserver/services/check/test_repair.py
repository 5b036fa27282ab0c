# SPDX-License-Identifier: Apache-2.0
"""What is mended is mended for good, and nothing that anybody might miss is removed."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import checking
import pytest
import varied_archive

from tileserver.app import check_of, open_services, repair_of
from tileserver.services.check import Finding, check
from tileserver.settings import Settings
from tileserver.store import FolderBlobStore
from tileserver.store.folder import blob_path

UIDS = varied_archive.SHARED
FILES = varied_archive.shared()


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(check, "_LATER_SECONDS", 0.0)
    checking.fill(tmp_path / "data", FILES[:4])
    checking.settle(tmp_path / "data")
    return tmp_path / "data"


def repaired(data: Path, *, mend: bool = True, aside: bool = False) -> dict[str, str | None]:
    """Return what was done by kind."""
    settings = Settings(data=data)
    repair = repair_of(settings, is_mending=mend, is_putting_aside=aside)
    checked = check_of(settings, fast=False, report=lambda _: None)
    found = [repair.attempt(finding) for finding in checked.findings()]
    repair.close()
    return {str(finding.kind): finding.done for finding in found}


def test_what_was_put_aside_is_solved_only_where_nobody_misses_it(data):
    damage(data)
    settings = Settings(data=data)
    repair = repair_of(settings, is_mending=False, is_putting_aside=True)
    checked = check_of(settings, fast=False, report=lambda _: None)
    found = [repair.attempt(finding) for finding in checked.findings()]
    repair.close()

    assert {str(finding.kind): finding.is_solved for finding in found} == {
        "changed-bytes": False, "wrong-size": False, "other-instance": False,
        "no-instance": True, "orphan-version": True, "damaged-list": True,
    }  # fmt: skip


def plant(data: Path, name: str, content: bytes) -> Path:
    path = blob_path(data / "blobs", hashlib.sha256(name.encode()).hexdigest())
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def version_name(uid: str, content: bytes) -> str:
    return f"{uid} {hashlib.sha256(content).hexdigest()}"


def test_a_whole_instance_that_the_index_does_not_know_is_taken_in(data):
    plant(data, UIDS[4], FILES[4])

    assert repaired(data) == {"orphan": "taken into the index"}
    assert [each.uid for each in checking.stored(data)] == list(UIDS[:5])
    assert checking.findings(data) == []


def test_a_second_copy_goes_and_the_first_stays(data):
    copy = plant(data, version_name(UIDS[0], FILES[0]), FILES[0])

    assert repaired(data) == {"orphan-copy": "removed"}
    assert not copy.exists()
    assert checking.findings(data) == []


def test_a_copy_of_what_is_damaged_stays(data):
    copy = plant(data, version_name(UIDS[0], FILES[0]), FILES[0])
    first = checking.stored(data)[0]
    first.path.write_bytes(FILES[0][:-1] + b"!")

    assert repaired(data) == {"orphan-copy": None, "changed-bytes": None}
    assert copy.read_bytes() == FILES[0]


def test_what_crashes_left_is_removed_and_deletions_are_finished(data):
    store = FolderBlobStore(data)
    gone = plant(data, UIDS[5], FILES[5])
    with store.condemning([gone.stem]):
        pass
    (data / "incoming" / "a.part").touch()
    (data / "condemned" / "b.part").touch()
    (data / ".reindex-left").mkdir()
    (data / ".reindex-left" / "index.sqlite").touch()

    assert repaired(data) == {
        "abandoned-deletion": "finished",
        "partial-file": "removed",
        "abandoned-index": "removed",
    }
    assert not gone.exists()
    assert checking.findings(data) == []


@pytest.mark.parametrize("mend", [True, False])
def test_nothing_else_is_touched_unless_it_is_asked_for(data, mend):
    damage(data)
    before = {path: path.read_bytes() for path in (data / "blobs").rglob("*.dcm")}

    assert set(repaired(data, mend=mend).values()) == {None}
    assert {path: path.read_bytes() for path in (data / "blobs").rglob("*.dcm")} == before


def damage(data: Path) -> list[bytes]:
    """Damage three instances, plant two blobs of nobody; return the bytes of all five."""
    first, second, third, _ = checking.stored(data)
    other = FILES[3].replace(b"told", b"TOLD")
    planted = [plant(data, version_name(UIDS[3], other), other), plant(data, "x", b"no DICOM")]
    first.path.write_bytes(FILES[0][:-1] + b"!")
    second.path.write_bytes(FILES[1][:-2])
    third.path.write_bytes(FILES[0])
    (data / "condemned" / "c.keys").write_text("no keys")
    paths = [first.path, second.path, third.path, *planted]
    return [path.read_bytes() for path in paths]


def test_what_is_damaged_is_put_aside_and_can_be_sent_again(data):
    damaged = damage(data)

    done = repaired(data, mend=False, aside=True)

    assert set(done) == {
        "changed-bytes", "wrong-size", "other-instance", "no-instance", "orphan-version",
        "damaged-list",
    }  # fmt: skip
    assert all(text and text.startswith("moved to quarantine/") for text in done.values())
    aside = sorted(path.read_bytes() for path in (data / "quarantine").iterdir())
    assert aside == sorted([*damaged, b"no keys"])
    assert checking.kinds(checking.findings(data)) == ["missing"] * 3
    services, index = open_services(Settings(data=data))
    for file in FILES[:3]:
        assert not services.ingest.add_file(io.BytesIO(file)).is_new
    index.close()
    assert checking.findings(data) == []


def test_a_second_of_the_same_name_is_put_beside_the_first(data):
    first = checking.stored(data)[0]
    for content in (b"one", b"two"):
        first.path.write_bytes(content)
        repaired(data, mend=False, aside=True)

    names = {path.name: path.read_bytes() for path in (data / "quarantine").iterdir()}
    assert names == {first.path.name: b"one", f"{first.path.name}.1": b"two"}


def test_what_was_stored_anew_meanwhile_is_put_back(data):
    first = checking.stored(data)[0]
    found = Finding(check.Kind.CHANGED_BYTES, first.path.name, "was so", first.uid, first.key)
    repair = repair_of(Settings(data=data), is_mending=False, is_putting_aside=True)

    assert repair.attempt(found).done is None
    repair.close()

    assert first.path.read_bytes() == FILES[0]
    assert list((data / "quarantine").iterdir()) == []
