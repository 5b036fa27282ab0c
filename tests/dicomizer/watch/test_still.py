# SPDX-License-Identifier: Apache-2.0
"""When files have come to rest, whether somebody writes them, and what is told of changes."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from dicomizer.running.content import states_of
from dicomizer.watch.changes import is_shared, told_of_changes
from dicomizer.watch.still import Stillness, is_written


def test_a_slide_is_at_rest_since_its_last_change(tmp_path):
    now = [100.0]
    stillness = Stillness(10, lambda: now[0])
    path = tmp_path / "a.svs"
    path.write_bytes(b"1")

    assert stillness.update({path: states_of(path)}) == {path: 0}
    now[0] = 109.0
    assert stillness.update({path: states_of(path)}) == {path: 9}
    path.write_bytes(b"12")
    assert stillness.update({path: states_of(path)}) == {path: 0}
    now[0] = 119.0
    (rest,) = stillness.update({path: states_of(path)}).values()

    assert stillness.is_still(rest)
    assert not stillness.is_still(9.9)


def test_a_slide_that_was_away_begins_anew(tmp_path):
    now = [100.0]
    stillness = Stillness(10, lambda: now[0])
    path = tmp_path / "a.svs"
    path.write_bytes(b"1")
    stillness.update({path: states_of(path)})
    stillness.update({})
    now[0] = 111.0

    assert stillness.update({path: states_of(path)}) == {path: 0}


@pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")
def test_an_open_writer_is_seen_in_this_process_and_in_others(tmp_path):
    path = tmp_path / "a.svs"
    path.write_bytes(b"1")

    assert not is_written(states_of(path))
    with path.open("rb"):
        assert not is_written(states_of(path))
    with path.open("ab"):
        assert is_written(states_of(path))
    code = "import sys; f = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout.readline() == b"open\n"
        assert is_written(states_of(path))
        writer.communicate()
    assert not is_written(states_of(path))


def test_a_change_wakes(tmp_path):
    woken = threading.Event()
    with told_of_changes(tmp_path, woken.set) as is_told:
        assert is_told
        number = 0
        while not woken.is_set():  # the watcher needs a moment to begin
            (tmp_path / f"{number}.svs").write_bytes(b"1")
            number += 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("ext4", False), ("nfs4", True), ("cifs", True), ("fuse.sshfs", True), ("xfs", False)],
)
def test_file_servers_are_known_by_their_file_system(tmp_path, kind, expected):
    mounts = tmp_path / "mounts"
    folder = tmp_path / "a b"
    folder.mkdir()
    escaped = str(folder).replace(" ", r"\040")
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {escaped} {kind} rw 0 0\n")

    assert is_shared(folder, mounts) is expected
    assert is_shared(folder / "below", mounts) is expected
    assert not is_shared(tmp_path, mounts)
