# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, or refuses to write, at any call: told, undone, and gone on without restart.

What fails is never acknowledged; what is acknowledged after a failure is on disk even where the
disk has given up what it could not write (``disk.py``: a later flush does not write it).
"""

from __future__ import annotations

import errno
import os
import random
import shutil
from pathlib import Path

import disks
import httpx
import instances
import pytest
from reliability.acting import (
    CLOSE,
    DISARM,
    OPEN,
    OPERATIONS,
    PROBLEMS,
    Acting,
    arm,
    is_done_again,
    leave_room,
    operations,
    points,
    read,
)
from reliability.disk import Disk, Luck, events
from reliability.faults import EVERY_CHANGE, NEEDS_ROOM, Kind
from reliability.ledger import Found, Ledger, Name, check, file_of, study_uid
from reliability.report import tell
from reliability.serving_faults import served, stop

STRIDE = int(os.environ.get("COVERSLIP_ERROR_STRIDE", "12"))
"""Every so manieth call is tried; ``make reliability`` tries each."""
STUDY = study_uid(1)
REFUSED = ("FullDiskError", "StorageError", "NotFoundError")
FOR_EVER = 0


def outcome(result) -> bool | None:
    """Tell whether all was done, nothing was said to be, or some."""
    told = result if isinstance(result, list) else [result]
    refused = [each.startswith(REFUSED) for each in told]
    return None if any(refused) and not all(refused) else not any(refused)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("times", [1, FOR_EVER], ids=["once", "for ever"])
@pytest.mark.parametrize(
    ("error", "kinds"),
    [(errno.ENOSPC, NEEDS_ROOM | Kind.SYNC), (errno.EIO, EVERY_CHANGE)],
    ids=["full", "broken"],
)
def test_an_error_at_any_call_is_told_and_undone(actor, name, error, kinds, times, capsys):
    operation = operations(actor)[name]
    base, calls = operation.prepared(actor)
    found, refusals = Found(), 0

    for point in points(calls, STRIDE):
        data = actor.copy_of(base, "data")
        fault = arm(point, error=error, kinds=kinds, times=times)
        steps = (OPEN, fault, operation.step, read(STUDY), DISARM, PROBLEMS, CLOSE)
        acted = actor.act(data, *steps).results
        assert acted[5] == []
        assert isinstance(acted[3], int) or acted[3].startswith("NotFoundError"), acted
        is_done = outcome(acted[2])
        refusals += is_done is not True
        found.add(check(data, operation.ledger(is_done=is_done or None), may_litter=True))
        again = actor.act(data, OPEN, operation.step, CLOSE).results[1]
        assert is_done_again(operation, again), (point, again)
        found.add(check(data, operation.ledger(is_done=True)))

    assert found == Found()
    what = f"{errno.errorcode[error]} {'once' if times else 'for ever'}"
    tell(
        capsys,
        found,
        f"{what} at {len(points(calls, STRIDE))} calls of {name!r}, {refusals} refused",
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_after_an_error_the_same_process_goes_on(actor, name):
    operation = operations(actor)[name]
    base, calls = operation.prepared(actor)

    for point in points(calls, STRIDE):
        for error in (errno.ENOSPC, errno.EIO):
            data = actor.copy_of(base, "data")
            fault = arm(point, error=error, times=FOR_EVER)
            steps = (OPEN, fault, operation.step, DISARM, operation.step, CLOSE)
            again = actor.act(data, *steps).results[4]
            assert is_done_again(operation, again), (point, again)
            assert check(data, operation.ledger(is_done=True)) == Found(), (point, error)


@pytest.mark.parametrize("is_ended", [False, True], ids=["goes on", "is started again"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_acknowledged_after_a_failed_flush_is_on_disk(actor, tmp_path, name, is_ended):
    operation = operations(actor)[name]
    data = actor.folder / "data"
    before = (OPEN, *operation.before)
    counting = (*before, arm(0, kinds=Kind.SYNC), operation.step, DISARM)
    shutil.rmtree(data, ignore_errors=True)
    flushes = actor.act(data, *counting).results[-1]

    for point in points(flushes, max(STRIDE // 4, 1)):
        shutil.rmtree(data)
        os.truncate(actor.record, 0)
        # Once, or until the process ends, which then has no chance to mend it.
        fault = arm(point, error=errno.EIO, kinds=Kind.SYNC, times=0 if is_ended else 1)
        broken = (*before, fault, operation.step, DISARM)
        if is_ended:
            first = actor.act(data, *broken).results
            last = actor.act(data, OPEN, operation.step).results
        else:
            first = last = actor.act(data, *broken, operation.step).results
        is_done = outcome(first[len(before) + 1])
        # Several are tried one by one. The folder of the index was flushed when it was opened, and
        # no name came since: SQLite flushes it again, for each connection, and goes on.
        assert is_done is not True or len(operation.changes) > 2 or failed(actor) == data
        assert is_done_again(operation, last[-1])

        cut = cut_of(actor, tmp_path / f"cut-{point}")
        found = check(cut / "data", operation.ledger(is_done=True), may_litter=True)
        assert found == Found(), point


def failed(actor: Acting) -> Path:
    """Return what could not be flushed first."""
    return Path(next(found.path for found in events(actor.record) if found.kind & Kind.SYNC_FAILED))


def cut_of(actor: Acting, folder: Path) -> Path:
    """Return the folder as a power cut leaves it that takes all that is not surely on disk."""
    folder.mkdir()
    disk = Disk(actor.folder)
    for event in events(actor.record):
        disk.take(event)
    disk.cut(folder, Luck.NOTHING, random.Random(0))
    return folder


def test_what_is_stored_after_a_flush_that_failed_at_the_start_is_on_disk(actor, tmp_path):
    name = Name(1, 1)
    data = actor.folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    flushes = actor.act(data, arm(0, kinds=Kind.SYNC), OPEN, DISARM).results[-1]
    refused = []

    for point in range(1, flushes + 1):
        begin = (arm(point, error=errno.EIO, kinds=Kind.SYNC), OPEN, DISARM)
        shutil.rmtree(data, ignore_errors=True)
        is_open = actor.act(data, *begin).results[1] == "done"
        refused += [] if is_open else [point]
        shutil.rmtree(data, ignore_errors=True)
        os.truncate(actor.record, 0)
        # At once after the start, or after one more where it was refused.
        acted = actor.act(data, *begin, *(() if is_open else (OPEN,)), actor.store(name))
        assert acted.results[-1] == [name.uids[2]]
        ledger = Ledger()
        ledger.must(name, file_of(name))
        cut = cut_of(actor, tmp_path / f"cut-{point}")
        assert check(cut / "data", ledger, may_litter=True) == Found(), (point, failed(actor))

    assert 0 < len(refused) < flushes  # SQLite goes on where the folder cannot be flushed


def test_a_workitem_after_a_flush_that_failed_at_the_start_is_on_disk(actor, tmp_path):
    data = actor.folder / "worklist"
    opened, create = ("open_worklist", {}), ("create_workitem", {"uid": "1.2.1"})
    shutil.rmtree(data, ignore_errors=True)
    flushes = actor.act(data, arm(0, kinds=Kind.SYNC), opened, DISARM).results[-1]

    for point in range(1, flushes + 1):
        begin = (arm(point, error=errno.EIO, kinds=Kind.SYNC), opened, DISARM)
        shutil.rmtree(data, ignore_errors=True)
        is_open = actor.act(data, *begin).results[1] == "done"
        shutil.rmtree(data, ignore_errors=True)
        os.truncate(actor.record, 0)
        acted = actor.act(data, *begin, *(() if is_open else (opened,)), create)
        assert acted.results[-1] == "done"
        if failed(actor) == data:
            # That SQLite's first journal is gone would be given up: real file systems then take
            # nothing more, and this disk does.
            continue
        cut = cut_of(actor, tmp_path / f"cut-{point}")
        acted = actor.act(cut / "worklist", opened, ("workitem", {"uid": "1.2.1"}))
        assert acted.results == ["done", "done"], (point, failed(actor))


def rooms(count: int, most: int) -> list[int]:
    """Return amounts of room: the ends, and some at random between."""
    rng = random.Random(count)
    return [0, 1, *sorted(rng.randrange(2, most) for _ in range(count)), most]


@pytest.mark.parametrize("name", ["store", "store several", "replace again"])
def test_a_disk_that_is_full_after_any_byte(actor: Acting, name: str, capsys):
    operation = operations(actor)[name]
    base, _ = operation.prepared(actor)
    found, refusals = Found(), 0
    tried = rooms(72 // STRIDE, 100_000)

    for room in tried:
        data = actor.copy_of(base, "data")
        # As where others fill the disk: of what it tells to have free nothing is true.
        steps = (OPEN, leave_room(room), operation.step, read(STUDY), DISARM, operation.step, CLOSE)
        acted = actor.act(data, *steps).results
        assert isinstance(acted[3], int)
        refusals += outcome(acted[2]) is not True
        assert is_done_again(operation, acted[5]), (room, acted)
        found.add(check(data, operation.ledger(is_done=True)))

    assert found == Found()
    tell(capsys, found, f"{len(tried)} disks full within {name!r}, {refusals} refused")


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=["full", "broken"])
def test_a_workitem_that_is_refused_is_not_there_and_can_be_created(actor, tmp_path, error):
    """In the worklist's own file; what is acknowledged is on disk, also after a failed flush."""
    data = actor.folder / "worklist"
    opened, create = ("open_worklist", {}), ("create_workitem", {"uid": "1.2.2"})
    before = (opened, ("create_workitem", {"uid": "1.2.1"}))
    look, look_before = ("workitem", {"uid": "1.2.2"}), ("workitem", {"uid": "1.2.1"})
    shutil.rmtree(data, ignore_errors=True)
    calls = actor.act(data, *before, arm(0), create, DISARM).results[-1]

    for point in points(calls, max(STRIDE // 2, 1)):
        for times in (1, FOR_EVER):
            shutil.rmtree(data)
            os.truncate(actor.record, 0)
            fault = arm(point, error=error, times=times)
            steps = (*before, fault, create, DISARM, look, create, look)
            told, _, left, again, there = actor.act(data, *steps).results[3:]
            assert told == left == "done" or left.startswith("NotFoundError"), (told, left)
            assert again == "done" or again.startswith("WrongStateError")
            assert there == "done"

            cut = cut_of(actor, tmp_path / f"cut-{point}-{times}")
            acted = actor.act(cut / "worklist", opened, look_before, look)
            assert acted.results == ["done"] * 3


ROOMS = 8 + 144 // STRIDE
"""How much room is left on a real disk, each time another."""


def test_a_real_disk_that_is_full_at_any_byte_refuses_and_goes_on(tmp_path, capsys):
    found, refusals = Found(), 0
    ledger = Ledger()
    with disks.small_disk(tmp_path / "disk", "24M") as disk:
        with served(disk / "data") as server:
            for number in range(ROOMS):
                name, other = Name(number, 0), Name(number, 1)
                large = [bytes(600_000), bytes(600_000)]
                file = instances.written(
                    instances.slide(
                        large,
                        StudyInstanceUID=name.uids[0],
                        SeriesInstanceUID=name.uids[1],
                        SOPInstanceUID=name.uids[2],
                    )
                )
                assert server.store(file_of(other)).is_success
                filler = leave(disk, 600_000 + number * 1_000_000 // ROOMS)
                answer = server.store(file)
                refusals += not answer.is_success
                assert_told(answer)
                assert server.get(f"/studies/{other.uids[0]}").is_success
                assert server.http.get("/readyz?for=reading").is_success
                assert server.http.delete(f"/dicomweb{other.path}").status_code == 204
                filler.unlink()
                assert server.store(file).is_success
                assert server.http.get("/readyz").is_success
                assert server.http.delete(f"/dicomweb{name.path}").status_code == 204
                for each in (name, other):
                    ledger.must(each, None)
            stop(server)
        found.add(check(disk / "data", ledger))

    assert found == Found()
    assert 0 < refusals < ROOMS
    tell(capsys, found, f"{ROOMS} times a real disk was filled, {refusals} stores refused")


def leave(disk: Path, room: int) -> Path:
    """Fill a disk until there is so much room; return the file to remove."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(shutil.disk_usage(disk).free - room, 1))
    return filler


def assert_told(answer: httpx.Response) -> None:
    """Assert that an instance is stored, or refused as the standard has it."""
    if answer.status_code == 200:
        return
    assert answer.status_code == 507
    (items,) = (found["Value"] for tag, found in answer.json().items() if tag != "00081190")
    assert [item["00081197"]["Value"] for item in items] == [[0xA700]]
