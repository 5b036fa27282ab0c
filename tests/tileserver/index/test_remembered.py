# SPDX-License-Identifier: Apache-2.0
"""What is remembered holds for as long as nobody writes, in this process or another."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.errors import NotFoundError
from tileserver.index import Below, Index, InstanceRecord, Metadata, Remembered

RECORD = InstanceRecord(
    study_instance_uid="1.1",
    series_instance_uid="1.1.1",
    sop_instance_uid="1.1.1.1",
    sop_class_uid="1.2",
    transfer_syntax_uid="1.2.840.10008.1.2.1",
    key="ab" * 32,
    sha256=b"digest",
    size=7,
    study={},
    series={},
    metadata=Metadata.of_text("{}"),
    frames=None,
)


@pytest.fixture
def index(tmp_path):
    opened = Index(tmp_path / "index.sqlite")
    yield opened
    opened.close()


def test_the_version_changes_with_each_write_and_with_nothing_else(index):
    before = index.version()
    assert (index.find("1.1.1.1"), index.version()) == (None, before)

    seen = [before]
    for change in (
        lambda: index.add(RECORD),
        lambda: index.replace(index.find("1.1.1.1"), replace(RECORD, key="cd" * 32)),
        lambda: index.remove(Below("1.1"), ["cd" * 32]),
        lambda: index.replace_all([replace(RECORD, sop_instance_uid="1.1.1.2")]),
    ):
        change()
        seen.append(index.version())
        assert index.version() == seen[-1]

    assert len(set(seen)) == len(seen)


def test_the_version_changes_where_another_process_writes(index, tmp_path):
    before = index.version()
    code = (
        "import pathlib\nfrom tileserver.index import Index, InstanceRecord, Metadata\n"
        f"index = Index(pathlib.Path({str(tmp_path / 'index.sqlite')!r}))\n"
        f"fields = {asdict(RECORD)!r} | {{'metadata': Metadata.of_text('{{}}')}}\n"
        "index.add(InstanceRecord(**fields))\n"
        "index.close()\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True)

    assert index.version() != before
    assert index.find("1.1.1.1") is not None


class Source:
    """Something that has a version and is looked up."""

    def __init__(self) -> None:
        self.version, self.asked = 0, 0

    def find(self, key: int) -> tuple[int, int]:
        self.asked += 1
        if key < 0:
            raise NotFoundError("there is none")
        return key, self.version


def test_nothing_is_looked_up_twice_until_somebody_writes():
    source = Source()
    kept = Remembered(lambda: source.version, source.find, 8)

    assert kept.known(1) is None
    assert [kept.get(1), kept.get(1), kept.known(1)] == [(1, 0)] * 3
    assert source.asked == 1
    source.version = 1
    assert kept.known(1) is None
    assert kept.get(1) == (1, 1)


def test_what_is_written_during_a_look_up_makes_it_old():
    source = Source()

    def find(key: int) -> tuple[int, int]:
        found = source.find(key)
        if source.asked == 1:
            source.version = 1
        return found

    kept = Remembered(lambda: source.version, find, 8)

    assert kept.get(1) == (1, 0)
    assert kept.get(1) == (1, 1)


def test_errors_are_not_remembered():
    source = Source()
    kept = Remembered(lambda: source.version, source.find, 8)

    for _ in range(2):
        with pytest.raises(NotFoundError):
            kept.get(-1)
    assert source.asked == 2


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans())))
def test_what_is_given_is_what_would_be_found(steps):
    source = Source()
    kept = Remembered(lambda: source.version, source.find, 3)

    for key, writes in steps:
        source.version += writes
        assert kept.get(key) == (key, source.version)
        assert len(kept._known) <= 3
