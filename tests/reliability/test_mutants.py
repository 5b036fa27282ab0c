# SPDX-License-Identifier: Apache-2.0
"""Mutated files and requests: each is stored, answered or refused, and the server goes on.

What fails names its seed: ``COVERSLIP_MUTANT_SEED=523 COVERSLIP_MUTANT_FILES=1`` (or
``…_REQUESTS=1``) before ``pytest tests/reliability/test_mutants.py`` does it again alone.
"""

from __future__ import annotations

import http.client
import os
import time
from collections import Counter
from collections.abc import Iterator

import coded_frames
import picture_archive
import pytest
from reliability.mutated import exchange
from reliability.mutated.asking import (
    Answer,
    Client,
    bulk_paths,
    problem_of,
    questions,
    stored_paths,
)
from reliability.mutated.files import mutant
from reliability.mutated.kinds import Kind, deflated, kinds, numbered
from reliability.mutated.messages import message
from reliability.mutated.requests import DOOMED
from reliability.mutated.running import (
    all_problems,
    peak_megabytes,
    sockets_of,
    wait_until,
    workers_of,
)
from reliability.report import note
from servers import Server, serving

FILES = int(os.environ.get("COVERSLIP_MUTANT_FILES", "120"))
REQUESTS = int(os.environ.get("COVERSLIP_MUTANT_REQUESTS", "400"))
FIRST = int(os.environ.get("COVERSLIP_MUTANT_SEED", "0"))
MOST_MEGABYTES = 768.0
"""Of a process that answers: the interpreter, what it keeps by its bounds, and some pictures."""
_MOST_BULK_DATA = 3


class Asking:
    """What clients found out."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.counts: Counter[str] = Counter()
        self.slowest = 0.0

    def __call__(self, seeds: Iterator[int]) -> list[str]:
        client = Client(self.address)
        try:
            return [
                f"seed {seed}, {kind.name}: {problem}"
                for seed in seeds
                for kind, files in [mutant(seed)]
                for problem in self._problems(client, seed, files)
            ]
        finally:
            client.close()

    def _problems(self, client: Client, seed: int, files: list[bytes]) -> Iterator[str]:
        answer, problem = self._answer(lambda: client.store(files))
        if answer is None or problem:
            yield f"POST: {problem}"
            return
        for path in stored_paths(answer):
            self.counts["stored"] += 1
            yield from self._problems_of_stored(client, seed, path)

    def _problems_of_stored(self, client: Client, seed: int, path: str) -> Iterator[str]:
        told, problem = self._answer(lambda: client.get(f"{path}/metadata"))
        if told is None or problem or told.status != 200:
            yield f"GET {path}/metadata: {problem or told}"
            return
        named = list(bulk_paths(told.json()))[:_MOST_BULK_DATA]
        for asked in (*questions(path, seed), *((place, None) for place in named)):
            _, problem = self._answer(lambda asked=asked: client.get(*asked))
            if problem:
                yield f"GET {asked}: {problem}"

    def _answer(self, ask) -> tuple[Answer | None, str | None]:
        self.counts["asked"] += 1
        try:
            answer = ask()
        except (OSError, http.client.HTTPException) as error:
            return None, f"no whole answer: {error!r}"
        self.slowest = max(self.slowest, answer.seconds)
        return answer, problem_of(answer)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_each_kind_is_sound_before_it_is_mutated(sound, kind):
    number = kinds().index(kind)
    files = [numbered(file, number) for file in kind.files]
    if kind.is_deflated:
        files = [deflated(file) for file in files]
    client = Client(sound.address)

    paths = stored_paths(client.store(files))

    assert len(paths) == len(files)
    for path, file in zip(paths, files, strict=True):
        assert client.get(path, "application/dicom; transfer-syntax=*").body == file
        for asked in (*questions(path, 0), *questions(path, 1)):
            assert problem_of(client.get(*asked)) is None
    client.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("sound") / "data") as server:
        yield server


def test_mutated_files_are_stored_and_answered_or_refused(tmp_path, capsys):
    begin = time.monotonic()
    with serving(tmp_path / "data", "--workers", "2") as server:
        workers = workers_of(server)
        asking = Asking(server.address)

        problems = all_problems(range(FIRST, FIRST + FILES), asking)

        assert problems == []
        assert workers_of(server) == workers
        peak = peak_megabytes(workers)
        assert peak < MOST_MEGABYTES
        assert is_nothing_left(server)
        assert_decodes(server, next(kind for kind in kinds() if kind.name == "SM JPEG 2000"))
    note(
        capsys,
        f"{FILES:,} mutated files, {asking.counts['stored']:,} instances stored, "
        f"{asking.counts['asked']:,} requests in {time.monotonic() - begin:.0f} s: "
        f"no crash, no 5xx, slowest {asking.slowest:.1f} s, peak memory of a worker {peak:.0f} MB",
    )


def assert_decodes(server: Server, kind: Kind) -> None:
    """Make sure that the processes that decode do so as before."""
    client = Client(server.address)
    (path,) = stored_paths(client.store([numbered(kind.files[0], 99_999_999)]))

    answer = client.get(f"{path}/frames/1", "application/octet-stream")

    assert answer.body == coded_frames.RGB.tobytes()
    client.close()


def is_nothing_left(server: Server) -> bool:
    return wait_until(lambda: list((server.data / "incoming").iterdir()) == [])


def test_mutated_requests_are_answered_or_ended(tmp_path, capsys):
    begin = time.monotonic()
    counts: Counter[int] = Counter()

    def ask(seeds: Iterator[int]) -> list[str]:
        return [problem for seed in seeds for problem in problems_of_message(server, seed, counts)]

    with serving(tmp_path / "data") as server:
        files = [*picture_archive.build(), DOOMED]
        assert server.store(*files).status_code == 200
        sockets = sockets_of(server.process.pid)

        problems = all_problems(range(FIRST, FIRST + REQUESTS), ask)

        assert problems == []
        assert is_nothing_left(server)
        # Those of the processes that decode stay.
        most = sockets + (os.cpu_count() or 1)
        assert wait_until(lambda: sockets_of(server.process.pid) <= most)
        assert server.is_alive()
        assert server.store(*files).status_code == 200
        peak = peak_megabytes([server.process.pid])
        assert peak < MOST_MEGABYTES
    note(
        capsys,
        f"{REQUESTS:,} mutated requests, {sum(counts.values()):,} answers in "
        f"{time.monotonic() - begin:.0f} s, {counts[200]:,} with 200: no 5xx, no hang, "
        f"peak memory {peak:.0f} MB",
    )


def problems_of_message(server: Server, seed: int, counts: Counter[int]) -> Iterator[str]:
    try:
        found = exchange.statuses(server.address, message(seed))
    except (OSError, exchange.MalformedError) as error:
        yield f"seed {seed}: {error!r}"
        return
    counts.update(found)
    if any(status >= 500 for status in found):
        yield f"seed {seed}: {found}"
