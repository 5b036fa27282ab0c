# SPDX-License-Identifier: Apache-2.0
"""An index that is made anew answers as the old one did, byte for byte."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
import varied_archive
from all_answers import all_answers, differences, stored_uids
from servers import Server, command, serving

from tileserver.app import create_app, rebuild_index
from tileserver.settings import Duplicates, Settings

ROUNDS = int(os.environ.get("COVERSLIP_REINDEXES", "1"))
"""Rounds of random deletions, replacements and crashes; `make reliability` has more."""
BASE = "http://archive.test:8042"
"""Answers name the same address, whatever port a server has."""


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[bytes]:
    return varied_archive.build(tmp_path_factory.mktemp("slides"))


@contextlib.contextmanager
def opened(data: Path, duplicates: str = "refuse") -> Iterator[Server]:
    """Give a server within this process, which is sooner there than one of its own."""
    found = Settings(data=data, base_url=BASE, duplicates=Duplicates(duplicates))
    config = uvicorn.Config(create_app(found), log_config=None, access_log=False, ws="none")
    running = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            with httpx.Client(base_url=address, timeout=60) as http:
                yield Server(address, data, data, http, None)  # type: ignore[arg-type]
        finally:
            running.should_exit = True
            thread.join(timeout=30)


def reindex(data: Path) -> None:
    done, aside = rebuild_index(Settings(data=data))
    assert (done.unreadable, done.lost, done.changed, aside) == ([], [], [], None)


def lose_index(data: Path) -> None:
    for path in data.glob("index.sqlite*"):
        path.unlink()


def without_feed(answers):
    return {asked: found for asked, found in answers.items() if not asked.startswith("/changes")}


def store(server: Server, files: list[bytes]) -> None:
    """Store some one by one, some by several in a request."""
    for file in files[:6]:
        assert server.store(file).status_code in (200, 202)  # odd ones have a warning
    assert server.store(*files[6:]).status_code in (200, 202)


def test_an_archive_of_all_kinds_answers_the_same(tmp_path, files):
    data = tmp_path / "data"
    with serving(data, "--base-url", BASE) as server:
        store(server, files)
        before = all_answers(server)

        done = subprocess.run(
            command("reindex", "--data", str(data)), capture_output=True, check=True
        )
        after = all_answers(server)

        assert done.stdout.decode() == f"{len(files)} instances indexed\n"
        assert differences(before, after) == []
        assert len(before) > 400
        assert len({body for _, body in before.values()}) > 200
    lose_index(data)
    reindex(data)
    with opened(data) as server:
        assert differences(without_feed(before), without_feed(all_answers(server))) == []


@pytest.mark.parametrize("is_index_lost", [False, True], ids=["index kept", "index lost"])
def test_after_deletions_and_replacements_it_answers_the_same(tmp_path, is_index_lost):
    data = tmp_path / "data"
    files = varied_archive.shared()
    first, second, *_, last = varied_archive.SHARED
    with opened(data, "replace") as server:
        store(server, files)
        with_others = files[3].replace(b"as told by 3", b"as told anew")
        remove(server, first)
        assert server.store(with_others).status_code in (200, 202)
        remove(server, last)
        assert server.store(files[0]).status_code in (200, 202)
        remove(server, second)
        before = all_answers(server)
        assert len(stored_uids(server)) == 6
        # Nothing of what went is told any more.
        assert (
            b"as told by 1"
            not in before["/dicomweb/instances?includefield=all application/dicom+json"][1]
        )

    if is_index_lost:
        lose_index(data)
    reindex(data)

    with opened(data) as server:
        after = all_answers(server)
    if is_index_lost:
        before, after = without_feed(before), without_feed(after)
    assert differences(before, after) == []


def remove(server: Server, uid: str) -> None:
    series = uid.rpartition(".")[0]
    place = f"/dicomweb/studies/{varied_archive.SHARED_STUDY}/series/{series}/instances/{uid}"
    assert server.http.delete(place).status_code == 204


CRASH = textwrap.dedent(
    """
    import io, os, sys
    from pathlib import Path
    from tileserver.app import open_services
    from tileserver.index import Index
    from tileserver.settings import Duplicates, Settings

    data, step, duplicates = sys.argv[1:]
    services, index = open_services(Settings(data=Path(data), duplicates=Duplicates(duplicates)))
    setattr(Index, step, lambda *_: os._exit(9))
    services.ingest.add_file(io.BytesIO(sys.stdin.buffer.read()))
    """
)


def crash(data: Path, step: str, file: bytes, duplicates: str = "refuse") -> None:
    """Store an instance in a process that ends where it is about to write to the index."""
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(data), step, duplicates], input=file, check=False
    )
    assert done.returncode == 9


def test_what_a_crash_left_between_blob_and_index_is_found(tmp_path):
    data = tmp_path / "data"
    *files, last = varied_archive.shared()
    with opened(data) as server:
        store(server, files)
    crash(data, "add", last)
    for path in (data / "incoming").iterdir():
        path.unlink()  # else the start would find it
    with opened(data) as server:
        before = all_answers(server)
        assert varied_archive.SHARED[-1] not in stored_uids(server)
        reindex(data)
        assert varied_archive.SHARED[-1] in stored_uids(server)
        remove(server, varied_archive.SHARED[-1])
        after = all_answers(server)

    assert differences(without_feed(before), without_feed(after)) == []


def test_a_replacement_that_a_crash_broke_off_has_not_come(tmp_path):
    data = tmp_path / "data"
    files = varied_archive.shared()
    with opened(data) as server:
        store(server, files)
        before = all_answers(server)
    crash(data, "replace", files[2].replace(b"as told by 2", b"as told anew"), "replace")

    reindex(data)

    with opened(data) as server:
        assert differences(before, all_answers(server)) == []


def test_random_histories_answer_the_same(tmp_path):
    seed = random.randrange(1 << 30)
    rng = random.Random(seed)
    files = dict(zip(varied_archive.SHARED, varied_archive.shared(), strict=True))
    begun, steps, compared = time.monotonic(), 0, 0
    with opened(tmp_path / "data", "replace") as server:
        for _ in range(ROUNDS):
            for _ in range(12):
                act(server, rng, files)
                steps += 1
            before = all_answers(server)
            reindex(tmp_path / "data")
            assert differences(before, all_answers(server)) == [], f"seed {seed}"
            compared += len(before)
    print(
        f"reindex: {ROUNDS} rounds, {steps} steps, {compared} answers the same, "
        f"{time.monotonic() - begun:.0f} s"
    )


def act(server: Server, rng: random.Random, files: dict[str, bytes]) -> None:
    uid = rng.choice(list(files))
    if rng.random() < 0.4 and uid in stored_uids(server):
        remove(server, uid)
    else:
        version = bytes([rng.randrange(48, 58)]) * 4
        assert server.store(files[uid].replace(b"told", version)).status_code in (200, 202)
