# SPDX-License-Identifier: Apache-2.0
"""The commands of the README's section on the API do what it says, as they stand there."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
import uploading as up
from servers import serving
from slides import write_svs

from tileserver.rules import read_rules

_API = "### Upload, and have it converted: the API"


def section(text: str, title: str) -> str:
    return text.split(f"{title}\n")[1].split("\n### ", maxsplit=1)[0]


@pytest.fixture
def readme(request) -> str:
    return (request.config.rootpath / "README.md").read_text("utf-8")


def test_the_commands_of_the_api_upload_convert_and_export(readme, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("curl is not here: apt-get install curl")
    write_svs(tmp_path / "slide.svs")
    blocks = re.findall(r"```sh\n(.*?)```", section(readme, _API), re.DOTALL)
    with serving(tmp_path / "data") as server:
        script = "set -euo pipefail\n" + "".join(blocks)
        script = script.replace("http://127.0.0.1:8042", server.address)

        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=250,
            check=False,
        )  # fmt: skip

        assert done.returncode == 0, done.stderr
        assert '"state":"done"' in done.stdout
        jobs = {job["kind"]: job["id"] for job in server.http.get("/api/jobs").json()["jobs"]}
        assert sorted(jobs) == ["convert", "export", "verify"]
        assert {up.ended(server, number)["state"] for number in jobs.values()} == {"done"}


def test_the_rules_of_the_readme_make_sense(readme, tmp_path):
    (block,) = re.findall(r"```toml\n(.*?)```", section(readme, "### Rules"), re.DOTALL)
    path = tmp_path / "rules.toml"
    path.write_text(block)
    (tmp_path / "lis.secret").write_text("secret")

    rules = read_rules(path, lambda kind, parameters: None)

    names = ["to the archive", "room at night", "less room", "tell the LIS"]
    assert [rule.name for rule in rules] == names
