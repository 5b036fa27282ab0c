# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every call that changes something on the disk: all or nothing, and it goes on."""

from __future__ import annotations

import contextlib
import os

import httpx
import pytest
from reliability import faults
from reliability.acting import (
    CLOSE,
    OPEN,
    OPERATIONS,
    Acting,
    arm,
    is_done_again,
    operations,
    points,
)
from reliability.faults import Control
from reliability.ledger import Found, Ledger, Name, check, file_of
from reliability.report import tell
from reliability.serving_faults import served, stop
from servers import Server

STRIDE = int(os.environ.get("COVERSLIP_KILL_STRIDE", "8"))
"""Every so manieth call is tried; ``make reliability`` tries each."""


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_kill_at_every_call_leaves_all_or_nothing(actor: Acting, name: str, capsys):
    operation = operations(actor)[name]
    base, calls = operation.prepared(actor)
    found = Found()

    for point in points(calls, STRIDE):
        data = actor.copy_of(base, "data")
        acted = actor.act(data, OPEN, arm(point), operation.step)
        # Threads take turns as they like: at times there are fewer calls.
        assert acted.is_killed or acted.results[2] == operation.done
        found.add(check(data, operation.ledger(is_done=None if acted.is_killed else True)))
        again = actor.act(data, OPEN, operation.step, CLOSE)
        assert is_done_again(operation, again.results[1])
        found.add(check(data, operation.ledger(is_done=True)))

    assert found == Found()
    tell(capsys, found, f"{len(points(calls, STRIDE))} of {calls} calls of {name!r} killed")


@pytest.mark.parametrize("name", ["store", "replace", "delete study"])
def test_a_kill_while_the_start_mends_what_a_kill_has_left(actor: Acting, name: str, capsys):
    operation = operations(actor)[name]
    base, calls = operation.prepared(actor)
    found, kills = Found(), 0

    for point in points(calls, max(STRIDE**2, 3)):
        broken = actor.copy_of(base, "broken")
        actor.act(broken, OPEN, arm(point), operation.step)
        counted = actor.act(actor.copy_of(broken, "data"), arm(0), OPEN)
        for start_point in points(counted.calls, max(STRIDE, 3)):
            data = actor.copy_of(broken, "data")
            assert actor.act(data, arm(start_point), OPEN).is_killed
            found.add(check(data, operation.ledger(is_done=None)))
            kills += 1

    assert found == Found()
    tell(capsys, found, f"{kills} starts after a killed {name!r} killed, too")


@pytest.fixture
def killed_server(tmp_path):
    """Give a function that runs a server, and kills it at a call while it is asked something."""
    built, root = faults.library(tmp_path), tmp_path / "disk"
    root.mkdir()
    control = Control(tmp_path / "control")
    environment = faults.environment(built, root, tmp_path / "control")

    def run(point: int, ask) -> int:
        with served(root / "data", environment=environment) as server:
            assert server.http.get("/readyz").status_code == 200
            control.arm(point)
            try:
                answer = ask(server)
            except Exception as error:  # noqa: BLE001 - the connection breaks in many ways
                answer = error
            calls = control.disarm()
            if point == 0:
                assert answer.is_success, answer
                stop(server)
        return calls

    return root / "data", run


def test_a_server_that_is_killed_starts_ready_and_takes_the_same_again(killed_server, capsys):
    data, run = killed_server
    found, kills = Found(), 0
    ledger = Ledger()

    def store(name: Name, version: int):
        return lambda server: server.store(file_of(name, version))

    calls = run(0, store(Name(1, 0), 0))
    ledger.must(Name(1, 0), file_of(Name(1, 0)))
    for number, point in enumerate(points(calls, max(STRIDE**2, 3)), 1):
        name = Name(1, number)
        for version in (0, 1):  # stored, and replaced
            ledger.may(name, file_of(name, version))
            run(point, store(name, version))
            found.add(check(data, ledger))
            run(0, store(name, version))
            ledger.must(name, file_of(name, version))
            found.add(check(data, ledger))
            kills += 1

    assert found == Found()
    tell(capsys, found, f"{kills} servers killed")


def test_a_worker_that_is_killed_leaves_nothing_behind_for_the_others(tmp_path, capsys):
    built, root = faults.library(tmp_path), tmp_path / "disk"
    root.mkdir()
    control = Control(tmp_path / "control")
    environment = faults.environment(built, root, tmp_path / "control")
    ledger, tried = Ledger(), points(28, max(STRIDE**2, 7))

    with served(root / "data", "--workers", "2", environment=environment) as server:
        for number, point in enumerate(tried):
            name = Name(1, number)
            control.arm(point)
            with contextlib.suppress(httpx.TransportError):
                server.store(file_of(name))
            control.disarm()
            while list((server.data / "incoming").iterdir()):  # until another is in its place
                assert server.process.poll() is None
            assert again(server, name).is_success
            ledger.must(name, file_of(name))
        stop(server)

    found = check(root / "data", ledger)
    assert found == Found()
    tell(capsys, found, f"{len(tried)} workers of a server killed")


def again(server: Server, name: Name) -> httpx.Response:
    """Store an instance, by whichever worker is there."""
    while True:
        with contextlib.suppress(httpx.TransportError):
            return server.store(file_of(name))
