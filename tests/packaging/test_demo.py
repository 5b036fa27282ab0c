# SPDX-License-Identifier: Apache-2.0
"""``samples/demo.sh``: from a slide to an address to open."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import slides


@pytest.fixture
def demo(request, tmp_path):
    """Give a function from arguments to the command and the environment of the demo."""
    commands = Path(sys.executable).parent
    if not shutil.which("tileserver", path=str(commands)):
        pytest.skip("the commands are not installed beside this Python: pip install --editable .")
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "COVERSLIP_DEMO": str(tmp_path / "demo")}

    def options(*arguments: object) -> dict[str, object]:
        script = request.config.rootpath / "samples" / "demo.sh"
        return {"args": [str(script), *map(str, arguments)], "env": environment, "text": True}

    return options


@pytest.fixture
def studies(demo):
    """Give a function that runs the demo until it listens, and returns the studies it serves."""

    def found(*arguments: object) -> list[dict[str, object]]:
        with showing(demo(*arguments)) as address:
            return httpx.get(f"{address}/dicomweb/studies").json()

    return found


@contextlib.contextmanager
def showing(options):
    process = subprocess.Popen(stdout=subprocess.PIPE, **options)
    assert process.stdout
    try:
        lines = iter(process.stdout.readline, "")
        yield next(match[0] for line in lines if (match := re.search(r"http://[\w.]+:\d+", line)))
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


def uid(study):
    """Return the StudyInstanceUID of an answer; the addresses in it change with the port."""
    return study["0020000D"]["Value"][0]


@pytest.fixture
def slide(tmp_path):
    return slides.write_svs(tmp_path / 'my "new" slide\'s.svs').path


def test_slide_is_served_once_however_often_it_is_shown(studies, slide):
    first = studies(slide, 0)
    again = studies(slide, 0)

    assert len(first) == 1
    assert [uid(study) for study in again] == [uid(study) for study in first]


def test_new_metadata_of_a_known_slide_is_not_passed_over(studies, slide, tmp_path):
    metadata = tmp_path / "case 1.json"
    metadata.write_text(json.dumps({"patient": {"id": "P-1"}}))

    studies(slide, 0)
    both = studies(slide, 0, metadata)

    assert "P-1" in [study["00100020"].get("Value", [""])[0] for study in both]


def test_missing_slide_is_told_in_one_line(demo, tmp_path):
    done = subprocess.run(capture_output=True, check=False, **demo(tmp_path / "none.svs"))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"there is no file {tmp_path / 'none.svs'}\n"
