# SPDX-License-Identifier: Apache-2.0
"""What is committed: small, ours, and of no machine in particular."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import hatch_build

_CODE = {".py", ".ts", ".tsx"}
_LARGEST = 512 * 1024


@pytest.fixture(scope="module")
def tracked(request) -> list[Path]:
    """Give every file that git tracks."""
    root = request.config.rootpath
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this is no git checkout")
    return [root / name for name in done.stdout.decode().split("\0") if name]


def test_every_source_file_begins_with_its_licence(tracked):
    for path in tracked:
        if path.suffix in _CODE and path.exists():
            assert "SPDX-License-Identifier: Apache-2.0" in path.read_text().split("\n", 3)[0], path


def test_nothing_is_large(tracked):
    assert [path for path in tracked if path.exists() and path.stat().st_size > _LARGEST] == []


@pytest.mark.parametrize("folder", ["web", "tests/browser/peers"])
def test_lock_files_have_no_download_addresses(request, folder):
    text = (request.config.rootpath / folder / "package-lock.json").read_text()

    assert '"resolved"' not in text


def test_pinned_versions_have_no_addresses(request):
    lines = (request.config.rootpath / "constraints.txt").read_text().splitlines()

    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.!+]+", line) for line in lines)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("v20.19.0\n", True), ("v20.18.3", False), ("v21.7.0", False), ("v22.12.0", False),
        ("v22.13.0", True), ("v24.0.1", True), ("v18.20.4", False), ("", False),
    ],
)  # fmt: skip
def test_node_is_taken_only_where_it_can_build_the_viewer(version, expected):
    assert hatch_build.is_new_enough(version) is expected
