# SPDX-License-Identifier: Apache-2.0
"""The backup that README tells of, made while clients store and delete, and brought back."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import checking
import pytest
import varied_archive
from busy_clients import Clients
from servers import command, serving


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that others write to, as ``sqlite3 … .backup`` does."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder that others add to and take from, with its times, as ``rsync -a`` does."""
    for path in sorted(each for each in source.rglob("*") if each.suffix != ".part"):
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
            continue
        try:
            shutil.copy2(path, copy)
        except FileNotFoundError:
            copy.unlink(missing_ok=True)


def back_up(data: Path, backup: Path) -> None:
    """Copy what README says, in its order."""
    backup.mkdir()
    for name in ("index.sqlite", "worklist.sqlite", "jobs.sqlite"):
        copy_database(data / name, backup / name)
    (backup / "blobs").mkdir()
    copy_folder(data / "blobs", backup / "blobs")
    (backup / "condemned").mkdir()
    copy_folder(data / "condemned", backup / "condemned")
    shutil.copy2(data / "layout", backup / "layout")


def test_the_order_is_that_of_the_readme(request):
    text = (request.config.rootpath / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(sqlite3 archive/index.*?)```", text, re.DOTALL)

    assert re.findall(r"archive/([a-z.]+)", block) == [
        "index.sqlite", "worklist.sqlite", "jobs.sqlite", "blobs", "layout", "condemned",
    ]  # fmt: skip


@pytest.mark.parametrize("with_index", [True, False], ids=["with index", "without index"])
def test_what_was_acknowledged_before_a_backup_is_in_it(tmp_path, with_index):
    data, backup = tmp_path / "data", tmp_path / "backup"
    with serving(data, "--workers", "2", "--duplicates", "replace") as server:
        server.store(*varied_archive.shared())
        with Clients(server.address) as clients:
            clients.wait_for(20)
            back_up(data, backup)
            kept = checking.stored(backup)
    if not with_index:
        (backup / "index.sqlite").unlink()

    done = subprocess.run(
        command("reindex", "--data", str(backup)), capture_output=True, text=True, check=False
    )

    # What was deleted while the backup was made is told as gone.
    assert done.returncode in (0, 3), done.stderr
    assert all("is gone: not indexed" in line for line in done.stderr.splitlines())
    # Of what was replaced meanwhile, both can be there.
    assert set(checking.kinds(checking.findings(backup))) <= {"orphan-version"}
    restored = {each.uid for each in checking.stored(backup)}
    assert restored.issuperset(varied_archive.SHARED)
    assert len(kept) >= len(varied_archive.SHARED)
