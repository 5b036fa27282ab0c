# SPDX-License-Identifier: Apache-2.0
"""Pinned versions, and hooks that need nothing from elsewhere."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import hatch_build


@pytest.fixture
def pinned(request):
    lines = (request.config.rootpath / "constraints.txt").read_text().split()
    return {
        canonicalize_name(name): Version(version)
        for name, version in (line.split("==") for line in lines)
    }


@pytest.fixture
def required(request):
    project = tomllib.loads((request.config.rootpath / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return [Requirement(line) for line in [*listed, hatch_build.NODE_WHEEL]]


def test_every_requirement_is_pinned_to_a_version_that_it_allows(required, pinned):
    for requirement in required:
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in constraints.txt"
        assert requirement.specifier.contains(version), f"{requirement} is pinned to {version}"


def test_hooks_are_local_and_run_from_the_virtual_environment(request):
    text = (request.config.rootpath / ".pre-commit-config.yaml").read_text()
    repositories = yaml.safe_load(text)["repos"]

    hooks = [hook for repository in repositories for hook in repository["hooks"]]
    assert [repository["repo"] for repository in repositories] == ["local"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks)


def test_hooks_are_what_pre_commit_understands(request):
    pytest.importorskip("pre_commit", reason="pre-commit: pip install pre-commit")
    command = [sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml"]

    done = subprocess.run(
        command, cwd=request.config.rootpath, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
