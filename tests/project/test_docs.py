# SPDX-License-Identifier: Apache-2.0
"""What the documents say is what the code does."""

from __future__ import annotations

import re
import tomllib

import click
import pytest

import dicomizer.errors
import tileserver.errors
from dicomizer.cli.program import group as dicomizer_group
from tileserver.cli.program import group as tileserver_group


@pytest.fixture
def document(request):
    """Give a function from a document's name to its text."""
    return lambda name: (request.config.rootpath / name).read_text(encoding="utf-8")


def test_every_option_of_convert_is_in_the_readme(document):
    convert = dicomizer_group.commands["convert"]
    options = [item for item in convert.params if isinstance(item, click.Option)]

    for option in options:
        assert f"`{option.opts[0]}" in document("README.md"), option.name


@pytest.mark.parametrize(
    "group", [dicomizer_group, tileserver_group], ids=["dicomizer", "tileserver"]
)
def test_every_verb_is_in_the_readme_and_has_a_help_text(group, document):
    program = "dicomizer" if group is dicomizer_group else "tileserver"

    for name, command in group.commands.items():
        assert f"{program} {name}" in document("README.md")
        assert command.help


@pytest.mark.parametrize("module", [dicomizer.errors, tileserver.errors])
def test_every_error_is_in_the_tree_of_its_module(module):
    classes = {
        name
        for name, item in vars(module).items()
        if isinstance(item, type) and item.__module__ == module.__name__
    }

    tree = set(re.findall(r"\b\w+Error\b", module.__doc__))
    assert classes <= tree


def test_every_dependency_has_its_reason(document):
    project = tomllib.loads(document("pyproject.toml"))["project"]
    names = [re.split(r"[>=\[]", item)[0] for item in project["dependencies"]]

    for name in names:
        assert name in document("CONTRIBUTING.md"), name


def test_every_target_that_the_documents_name_is_in_the_makefile(document):
    targets = set(re.findall(r"^([a-z]+):", document("Makefile"), re.MULTILINE))
    named = re.findall(r"\bmake ([a-z]+)\b", document("README.md") + document("CONTRIBUTING.md"))

    assert set(named) <= targets | {"test"}


def test_changelog_has_the_version_or_what_is_to_come(document):
    version = tomllib.loads(document("pyproject.toml"))["project"]["version"]

    assert version == dicomizer.__version__
    assert f"## [{version}]" in document("CHANGELOG.md") or "## [Unreleased]" in document(
        "CHANGELOG.md"
    )
