# SPDX-License-Identifier: Apache-2.0
"""The conformance statement names tests, and each of them is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONFORMANCE.md").read_text("utf-8")
FILES = {path.name for path in (ROOT / "tests").rglob("*.py")}
TESTS = {
    node.name
    for path in (ROOT / "tests").rglob("test_*.py")
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
    if isinstance(node, ast.FunctionDef)
}
QUOTED = re.findall(r"`([^`\n]+)`", TEXT)


@pytest.mark.parametrize("name", sorted({n for q in QUOTED for n in re.findall(r"\w+\.py", q)}))
def test_files_are_there(name):
    assert name in FILES | {path.name for path in ROOT.rglob("tileserver/**/*.py")}


@pytest.mark.parametrize(
    "name", sorted({n for q in QUOTED for n in re.findall(r"\btest_\w+(?![\w.])", q)})
)
def test_tests_are_there(name):
    """A name may be that of a file without its ending, or begin one that is cut short."""
    found = {test for test in TESTS if test.startswith(name)}
    is_whole = f"{name}…" not in TEXT
    assert (name in TESTS or f"{name}.py" in FILES) if is_whole else found


@pytest.mark.parametrize(
    "part", sorted({p for q in QUOTED for p in re.findall(r"(?:^|[ :])…(\w+)…?$", q)})
)
def test_parts_of_names_are_of_a_test(part):
    assert any(part.strip("_") in name for name in TESTS)
