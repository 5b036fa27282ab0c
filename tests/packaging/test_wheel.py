# SPDX-License-Identifier: Apache-2.0
"""The source distribution, the wheel built from it, and the wheel at work without a checkout."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest


@dataclass(frozen=True)
class Distributions:
    """What ``python -m build`` makes."""

    sdist: Path
    wheel: Path

    def sdist_names(self) -> set[str]:
        """Return the files of the source distribution, without their common folder."""
        with tarfile.open(self.sdist) as archive:
            return {name.partition("/")[2] for name in archive.getnames()}

    def wheel_names(self) -> set[str]:
        with zipfile.ZipFile(self.wheel) as archive:
            return set(archive.namelist())


def python(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


@pytest.fixture(scope="module")
def built(request, tmp_path_factory) -> Distributions:
    """Build a source distribution, and from it, not from the checkout, a wheel."""
    pytest.importorskip("build", reason="build: pip install build")
    out = tmp_path_factory.mktemp("dist")
    wanted = ("-m", "pip", "download", "--quiet", "--no-deps", "--dest", out / "index", "hatchling")
    if python(*wanted, cwd=out).returncode:
        pytest.skip("a package is built with hatchling: no package index is within reach")
    done = python("-m", "build", "--outdir", out, request.config.rootpath, cwd=out)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return Distributions(next(out.glob("*.tar.gz")), next(out.glob("*.whl")))


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """Install the wheel alone into a folder."""
    folder = tmp_path_factory.mktemp("installed")
    wanted = ("-m", "pip", "install", "--no-deps", "--no-index", "--target", folder, built.wheel)
    done = python(*wanted, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@contextlib.contextmanager
def serving(installed: Path, work: Path):
    """Run the installed server, with nothing of the checkout in the way; give its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tileserver", "serve", "--data", "data", "--port", "0"],
        cwd=work,
        env=os.environ | {"PYTHONPATH": str(installed)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        found = re.search(r"http://[\w.]+:\d+", process.stdout.readline())
        assert found, "the server printed no address"
        yield found[0]
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


def test_sdist_has_the_sources_of_the_viewer_but_nothing_built(built):
    names = built.sdist_names()

    assert {
        "pyproject.toml", "hatch_build.py", "Makefile", "constraints.txt", ".ci/run", "LICENSE",
        "web/package.json", "web/package-lock.json", "web/.npmrc", "web/src/main.tsx",
        "dicomizer/py.typed", "tileserver/app.py", "samples/make_slide.py",
    } <= names  # fmt: skip
    assert not [
        name for name in names if re.match(r"web/(node_modules|dist)(/|$)|\.demo|\.venv", name)
    ]


def test_sdist_has_every_file_that_git_tracks(built, request):
    root = request.config.rootpath
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this is no git checkout")

    tracked = {name for name in done.stdout.decode().split("\0") if (root / name).is_file()}
    assert tracked - built.sdist_names() == set()


def test_wheel_has_both_packages_and_the_built_viewer_and_nothing_else(built):
    names = built.wheel_names()

    assert {name.partition("/")[0] for name in names} == {
        "dicomizer", "tileserver", "coverslip-0.1.0.dist-info",
    }  # fmt: skip
    assert {"dicomizer/py.typed", "tileserver/py.typed", "tileserver/web/index.html"} <= names
    assert "coverslip-0.1.0.dist-info/licenses/LICENSE" in names


def test_wheel_has_no_sources_of_the_viewer(built):
    suffixes = {Path(name).suffix for name in built.wheel_names() if "/web/" in name}

    assert suffixes == {".html", ".js", ".css", ".svg"}


def test_installed_commands_are_those_of_the_project(installed):
    commands = {path.name for path in (installed / "bin").iterdir() if path.is_file()}

    assert commands == {"dicomizer", "tileserver"}


def test_installed_server_shows_its_own_viewer(installed, tmp_path):
    page = (installed / "tileserver" / "web" / "index.html").read_text()
    assets = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)

    with serving(installed, tmp_path) as address, httpx.Client(base_url=address) as http:
        assert http.get("/").text == page
        assert len(assets) >= 3
        for asset in assets:
            stored = installed / "tileserver" / "web" / asset[1:]
            assert http.get(asset).content == stored.read_bytes()
