# SPDX-License-Identifier: Apache-2.0
"""The built viewer: small, hashed, and strict about what it may run."""

from __future__ import annotations

import gzip
import json
import re
import runpy
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "web"


def test_what_the_first_picture_needs_keeps_its_budget(viewer):
    """Whatever the page does not name is fetched when it is asked for."""
    budget = json.loads((WEB / "package.json").read_text())["budget"]
    named = set(re.findall(r"/(assets/[^\"]+)", (viewer / "index.html").read_text()))

    for suffix, limit in budget.items():
        files = [viewer / name for name in named if name.endswith(f".{suffix}")]
        size = sum(len(gzip.compress(path.read_bytes())) for path in files)
        assert 0 < size <= limit, f"{suffix}: {size} bytes compressed, budget {limit}"


def test_the_page_has_no_inline_script_or_style_and_only_hashed_files(viewer):
    html = (viewer / "index.html").read_text()

    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
    references = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert len(references) >= 3
    for reference in references:
        assert re.fullmatch(r"/assets/[\w-]+-[\w-]{8}\.\w+", reference)


def test_the_lock_file_records_no_download_address():
    lock = json.loads((WEB / "package-lock.json").read_text())

    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def test_tags_are_those_of_the_dictionary():
    script = runpy.run_path(str(WEB / "scripts" / "write_tags.py"))

    assert script["TARGET"].read_text() == script["tags_module"]()
