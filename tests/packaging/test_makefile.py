# SPDX-License-Identifier: Apache-2.0
"""The targets of the Makefile, seen without running them."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

SAMPLE = "samples/make_slide.py .demo/sample.svs --width 12000 --height 9000"


@pytest.fixture
def make(request, tmp_path):
    """Give a function that asks make, in a copy without anything made, what it would run."""
    if not shutil.which("make"):
        pytest.skip("make: install the package make")
    shutil.copy(request.config.rootpath / "Makefile", tmp_path)
    (tmp_path / "samples").mkdir()
    for name in ("pyproject.toml", "constraints.txt", "samples/make_slide.py"):
        (tmp_path / name).touch()

    def ask(*arguments: str, dry: bool = True) -> str:
        command = ["make", *(["--dry-run"] if dry else []), "--no-print-directory", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return ask


def test_help_is_what_make_alone_shows(make):
    shown = make(dry=False)

    assert shown == make("help", dry=False)
    assert re.findall(r"^\w+", shown, re.MULTILINE) == [
        "help", "demo", "test", "check", "format", "bench", "mutants", "kills", "reliability",
        "soak", "wheel", "viewer", "setup", "clean",
    ]  # fmt: skip


@pytest.mark.parametrize("target", ["demo", "bench"])
def test_sample_is_made_where_no_slide_is_named(make, target):
    assert SAMPLE in make(target)


@pytest.mark.parametrize("target", ["demo", "bench"])
@pytest.mark.parametrize(
    "slide", ["my slide.svs", "it's.svs", 'a "b".svs', "/no/such.svs", "a:b.svs"]
)
def test_any_name_of_a_slide_is_taken(make, target, slide):
    assert SAMPLE not in make(target, f"SLIDE={slide}")


def test_sample_is_made_once_though_packages_change(make, tmp_path):
    (tmp_path / ".demo").mkdir()
    (tmp_path / ".demo" / "sample.svs").touch()

    assert SAMPLE not in make("demo")


def test_closing_lines_of_a_test_run_are_those_of_pytest(make):
    assert make("test").splitlines()[-1] == ".venv/bin/python -m pytest"


@pytest.mark.parametrize("target", ["check", "test", "demo"])
def test_viewer_is_built_before_anything_else_uses_its_packages(make, target):
    lines = make(target).splitlines()

    first = next(line for line in lines if "hatch_build.py" in line)
    assert first == ".venv/bin/python hatch_build.py"
