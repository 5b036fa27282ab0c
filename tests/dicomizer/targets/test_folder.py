# SPDX-License-Identifier: Apache-2.0
"""A folder receives all files of a slide, or none."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from dicomizer.errors import TargetError
from dicomizer.targets.folder import FolderTarget


def write(folder: Path, contents: dict[str, bytes], *, overwrite: bool = False) -> None:
    with FolderTarget(folder, overwrite=overwrite) as target:
        for name, content in contents.items():
            with target.create(name) as file:
                file.write(content)


def test_files_appear_in_a_new_folder(tmp_path):
    write(tmp_path / "a" / "b", {"x.dcm": b"1", "y.dcm": b"22"})

    found = {path.name: path.read_bytes() for path in (tmp_path / "a" / "b").iterdir()}
    assert found == {"x.dcm": b"1", "y.dcm": b"22"}


def test_folder_may_be_named_relatively(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    write(Path("a") / "b", {"x.dcm": b"1"})

    assert (tmp_path / "a" / "b" / "x.dcm").read_bytes() == b"1"


def test_nothing_is_visible_before_the_end(tmp_path):
    with FolderTarget(tmp_path, overwrite=False) as target:
        with target.create("x.dcm") as file:
            file.write(b"1")

        assert not target.path("x.dcm").exists()
    assert target.path("x.dcm").read_bytes() == b"1"


def test_failure_leaves_nothing_not_even_the_folder(tmp_path):
    with (
        pytest.raises(RuntimeError),
        FolderTarget(tmp_path / "a" / "b", overwrite=False) as target,
        target.create("x.dcm") as file,
    ):
        file.write(b"1")
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path):
    abandoned = tmp_path / ".dicomizer-partial-killed"
    abandoned.mkdir()
    (abandoned / "x.dcm").write_bytes(b"half")

    write(tmp_path, {"x.dcm": b"2"})

    assert [path.name for path in tmp_path.iterdir()] == ["x.dcm"]


def test_only_one_conversion_writes_to_a_folder(tmp_path):
    with FolderTarget(tmp_path, overwrite=False) as running:
        with pytest.raises(TargetError, match="another conversion is writing to this folder"):
            write(tmp_path, {"y.dcm": b"1"})
        with running.create("x.dcm") as file:
            file.write(b"2")

    assert [path.name for path in tmp_path.iterdir()] == ["x.dcm"]


def test_files_of_another_slide_do_not_stay_beside_the_new_ones(tmp_path):
    write(tmp_path, {"level-0.dcm": b"old", "level-1.dcm": b"old", "label.dcm": b"old"})
    (tmp_path / "notes.txt").write_bytes(b"mine")

    with pytest.raises(TargetError, match=r"already holds label\.dcm"):
        write(tmp_path, {"overview.dcm": b"new"})
    write(tmp_path, {"level-0.dcm": b"new"}, overwrite=True)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["level-0.dcm", "notes.txt"]


def test_a_folder_under_the_name_of_a_file_is_refused_before_anything_is_replaced(tmp_path):
    write(tmp_path, {"level-0.dcm": b"old"})
    (tmp_path / "level-1.dcm").mkdir()

    with pytest.raises(TargetError, match=r"already holds level-1\.dcm; choose another folder$"):
        write(tmp_path, {"level-0.dcm": b"new", "level-1.dcm": b"new"}, overwrite=True)

    assert (tmp_path / "level-0.dcm").read_bytes() == b"old"


def test_files_in_the_way_are_named_and_kept(tmp_path):
    write(tmp_path, {"level-0.dcm": b"old"})

    with pytest.raises(TargetError, match=r"already holds level-0\.dcm; .*--overwrite"):
        write(tmp_path, {"level-0.dcm": b"new"})
    assert (tmp_path / "level-0.dcm").read_bytes() == b"old"

    write(tmp_path, {"level-0.dcm": b"new"}, overwrite=True)
    assert (tmp_path / "level-0.dcm").read_bytes() == b"new"


def test_a_file_as_target_is_refused(tmp_path):
    (tmp_path / "out").write_bytes(b"")

    with pytest.raises(TargetError, match="found a file, expected a folder"):
        write(tmp_path / "out", {"x.dcm": b"1"})


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_folder_without_permission_is_explained(tmp_path):
    tmp_path.chmod(0o500)

    with pytest.raises(TargetError, match="choose a folder that you may write to"):
        write(tmp_path / "out", {"x.dcm": b"1"})


def test_file_that_cannot_grow_is_explained_and_removed(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(TargetError, match=r"x\.dcm cannot be written: File too large; raise"):
            write(tmp_path / "out", {"x.dcm": bytes(2 << 20)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert list(tmp_path.iterdir()) == []
