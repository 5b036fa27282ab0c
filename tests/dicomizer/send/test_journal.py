# SPDX-License-Identifier: Apache-2.0
"""What is remembered of what was sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sending import write_study

from dicomizer.errors import TargetError
from dicomizer.send.destination import parse_destination
from dicomizer.send.instances import find_instances
from dicomizer.send.journal import Journal, journal_path


@pytest.fixture
def instances(tmp_path):
    return find_instances(write_study(tmp_path / "in", 2))[0]


def test_what_was_accepted_is_known_to_the_next_run(tmp_path, instances):
    path = tmp_path / "state" / "journal"

    Journal(path).add(instances[0])

    again = Journal(path)
    assert again.has(instances[0])
    assert not again.has(instances[1])
    assert not again.has(replace(instances[0], size=1))
    assert not again.has(replace(instances[0], modified_ns=1))


def test_a_line_that_was_cut_spoils_no_other(tmp_path, instances):
    path = tmp_path / "journal"
    Journal(path).add(instances[0])
    path.write_bytes(path.read_bytes() + b'{"sop_instance_uid": "1.2')

    Journal(path).add(instances[1])

    assert all(map(Journal(path).has, instances))


def test_no_line_names_a_file(tmp_path, instances):
    path = tmp_path / "journal"

    Journal(path).add(replace(instances[0], path=Path("/Doe^Jane.dcm")))

    assert "Doe" not in path.read_text()


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(TargetError, match=r"cannot be remembered.*--journal"):
        Journal(tmp_path / "file" / "journal")


def test_each_peer_has_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    paths = {journal_path(parse_destination(f"dicom://{name}@host")) for name in "AB"}

    assert len(paths) == 2
    assert {path.parent for path in paths} == {tmp_path / "coverslip" / "sent"}
