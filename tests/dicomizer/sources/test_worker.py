# SPDX-License-Identifier: Apache-2.0
"""Readers in child processes: what is said between the two, and what a child's end means."""

from __future__ import annotations

import io
import json
import os
import select
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import dicomizer
from dicomizer.errors import CorruptSourceError
from dicomizer.sources.worker import Message, Team, Worker
from dicomizer.sources.worker.messages import read_message, write_message

PROGRAM = """
import ctypes, itertools, os, sys, time
from dicomizer.sources.worker.child import serve
from dicomizer.sources.worker.messages import Message

def answer(request):
    match request.values["do"]:
        case "echo":
            return Message({"process": os.getpid(), **request.values}, request.payload)
        case "print":
            print("a library says something")
            sys.stdout.flush()
            os.system("echo and so does its C code")
            return Message({})
        case "fail":
            raise ValueError("no such tile")
        case "crash":
            ctypes.string_at(0)
        case "exit":
            os._exit(3)
        case "loop":
            for _ in itertools.count():
                pass
        case "eat":
            return Message({}, bytes(1 << 40))

serve(answer, cpu_seconds=1)
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a child's program where Python finds it."""
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "tested_child.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "programs"))
    return "tested_child"


@pytest.fixture
def worker(program, tmp_path):
    with Worker(program, tmp_path / "slide.x") as started:
        yield started


@pytest.fixture
def team(program, tmp_path):
    started = Team(program, tmp_path / "slide.x", Message({"do": "echo", "path": "slide.x"}))
    yield started
    started.close()


def echo(number: int) -> tuple[Message, str]:
    return Message({"do": "echo", "number": number}, bytes([number])), f"tile {number}"


@pytest.mark.parametrize(
    "message",
    [Message({}), Message({"path": "a\udcff.vms", "sizes": [1, 2]}), Message({"a": None}, b"\0\1")],
)
def test_message_is_read_as_it_was_written(message):
    stream = io.BytesIO()

    write_message(stream, message)
    stream.seek(0)

    assert read_message(stream) == message


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EOFError),
        (struct.pack("<IQ", 2, 5) + b"{}abc", EOFError),
        (struct.pack("<IQ", 1 << 30, 0), ValueError),
        (struct.pack("<IQ", 2, 1 << 60), ValueError),
        (struct.pack("<IQ", 2, 0) + b"[]", ValueError),
        (struct.pack("<IQ", 2, 0) + b"{{", ValueError),
    ],
)
def test_broken_message_is_an_error(data, error):
    with pytest.raises(error):
        read_message(io.BytesIO(data))


def test_child_answers(worker):
    reply = worker.ask(Message({"do": "echo", "a": [1, "b"]}, b"pixels"))

    assert reply.values["a"] == [1, "b"]
    assert reply.payload == b"pixels"


def test_what_a_library_prints_is_no_reply(worker):
    assert worker.ask(Message({"do": "print"})).values == {}
    assert worker.ask(Message({"do": "echo"})).payload == b""


def test_exception_in_the_child_is_an_error_with_its_place(worker):
    with pytest.raises(CorruptSourceError) as caught:
        worker.ask(Message({"do": "fail"}), "level 2, frame 3")

    assert str(caught.value).endswith("slide.x: level 2, frame 3: cannot be read: no such tile")


@pytest.mark.parametrize(
    ("deed", "cause"),
    [("crash", r"crashed \(SIGSEGV\)"), ("exit", "ended with status 3")],
)
def test_end_of_the_child_is_an_error(worker, deed, cause):
    with pytest.raises(CorruptSourceError, match=f"slide.x: the process that reads it {cause}; "):
        worker.ask(Message({"do": deed}))

    with pytest.raises(CorruptSourceError):
        worker.ask(Message({"do": "echo"}))


def test_endless_loop_is_ended(worker):
    with pytest.raises(CorruptSourceError, match="the process that reads it took too long"):
        worker.ask(Message({"do": "loop"}))


def test_memory_has_a_limit(worker):
    with pytest.raises(CorruptSourceError, match="cannot be read: MemoryError"):
        worker.ask(Message({"do": "eat"}))


def test_closed_worker_leaves_no_process(program, tmp_path):
    with Worker(program, tmp_path) as worker:
        process = worker.ask(Message({"do": "echo"})).values["process"]

    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


PARENT = """
import sys
from pathlib import Path
from dicomizer.sources.worker import Message, Worker

worker = Worker("tested_child", Path("slide.x"))
print(worker.ask(Message({"do": "echo"})).values["process"], flush=True)
if sys.argv[1] == "busy":
    worker.send(Message({"do": "loop"}))
sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux has handles of processes")
@pytest.mark.parametrize("state", ["idle", "busy"])
def test_child_ends_with_a_parent_that_is_killed(program, state):
    root = Path(dicomizer.__file__).parent.parent
    paths = os.pathsep.join([str(root), os.environ["PYTHONPATH"]])
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, state],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    ) as parent:
        child = os.pidfd_open(int(parent.stdout.readline()))

        parent.kill()

        ended, _, _ = select.select([child], [], [], 20)
    os.close(child)
    assert ended


def test_program_that_does_not_exist_is_an_error(tmp_path):
    with (
        Worker("no_such_module", tmp_path) as worker,
        pytest.raises(CorruptSourceError, match="ended with status 1"),
    ):
        worker.ask(Message({}))


def test_replies_of_a_team_come_in_order(team):
    replies = list(team.replies(echo(number) for number in range(20)))

    assert [reply.payload for reply in replies] == [bytes([number]) for number in range(20)]
    assert 1 <= len({reply.values["process"] for reply in replies}) <= 2


def test_team_works_ahead_of_the_reader_by_a_few_requests(team):
    asked = []

    def requests():
        for number in range(100):
            asked.append(number)
            yield echo(number)

    replies = team.replies(requests())
    next(replies)

    assert len(asked) <= 4
    replies.close()


def test_readings_that_are_given_up_leave_nothing_behind(team):
    replies = team.replies(echo(number) for number in range(20))
    next(replies)
    replies.close()

    assert [reply.payload for reply in team.replies([echo(99)])] == [b"c"]


def test_readings_at_the_same_time_do_not_mix(team):
    first = team.replies(echo(number) for number in range(10))
    second = team.replies(echo(number) for number in range(100, 110))

    pairs = list(zip(first, second, strict=True))

    assert [(a.payload[0], b.payload[0]) for a, b in pairs] == [
        (number, number + 100) for number in range(10)
    ]


def test_place_of_the_request_that_failed_is_named(team):
    requests = [echo(1), (Message({"do": "fail"}), "tile 2"), echo(3)]

    with pytest.raises(CorruptSourceError, match="tile 2: cannot be read"):
        list(team.replies(requests))


def test_path_that_is_no_text_reaches_the_child(team):
    reply = team.ask(Message({"do": "echo", "path": os.fsdecode(b"\xff.vms")}), "")

    assert os.fsencode(str(reply.values["path"])) == b"\xff.vms"
    assert json.dumps(reply.values["path"]) == '"\\udcff.vms"'
