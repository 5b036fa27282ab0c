# SPDX-License-Identifier: Apache-2.0
"""The built viewer: small, hashed, and strict about what it may run."""

from __future__ import annotations

import gzip
import json
import re
import runpy
from collections import Counter
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "web"


def test_the_first_picture_keeps_its_budget(viewer):
    budget = json.loads((WEB / "package.json").read_text())["budget"]["first"]
    first = needed_at_once(viewer)

    for suffix, limit in budget.items():
        size = sum(compressed(path) for path in first if path.suffix == f".{suffix}")
        assert 0 < size <= limit, f"{suffix}: {size} bytes compressed, budget {limit}"


def test_what_comes_later_keeps_its_budget_file_by_file(viewer):
    budget = json.loads((WEB / "package.json").read_text())["budget"]["later"]
    later = set(viewer.glob("assets/*.[jc]s*")) - needed_at_once(viewer)

    # Files have the names of their modules, before the hash of what is in them; the same name twice
    # (the workers, what features put on the map) is counted together.
    sizes: Counter[str] = Counter()
    for path in later:
        sizes[re.sub(r"-[\w-]{8}(?=\.\w+$)", "", path.name)] += compressed(path)
    assert sorted(sizes) == sorted(budget)
    for name, size in sizes.items():
        assert size <= budget[name], f"{name}: {size} bytes compressed, budget {budget[name]}"


def compressed(path):
    return len(gzip.compress(path.read_bytes()))


def needed_at_once(viewer):
    """Return what the page loads before it shows anything, without what is imported later."""
    found: set[Path] = set()
    html = (viewer / "index.html").read_text()
    waiting = [viewer / name for name in re.findall(r"assets/[\w.-]+", html)]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if path.suffix == ".js":
            imported = re.findall(r'(?:from|import)"\./([\w.-]+\.js)"', path.read_text())
            waiting += [viewer / "assets" / name for name in imported]
    return found


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
