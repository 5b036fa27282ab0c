# SPDX-License-Identifier: Apache-2.0
"""The queue: order, leases, ends that come once, and what a crash leaves."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from tileserver.errors import BadRequestError, ConflictingStateError, NotFoundError
from tileserver.job_queue import Asked, JobQueue, Leased, Progress, State

ANY = {"convert": 9, "send": 9}


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.milliseconds = 1_000_000

    def __call__(self) -> int:
        return self.milliseconds

    def move(self, seconds: float) -> None:
        self.milliseconds += int(seconds * 1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path, clock) -> Iterator[JobQueue]:
    found = JobQueue(tmp_path / "jobs.sqlite", clock)
    yield found
    found.close()


def taken(queue: JobQueue, limits=None) -> Leased:
    held = queue.take(limits or ANY)
    assert held is not None
    return held


def endings(queue: JobQueue) -> list[tuple[int, State]]:
    return [(job.id, job.state) for _, job in queue.endings(0, 100)]


def test_the_highest_priority_goes_first_and_of_equals_the_oldest(queue):
    for priority in (0, 5, 5, -1):
        queue.add(Asked("send", priority=priority))

    order = [taken(queue).job.id for _ in range(4)]

    assert order == [2, 3, 1, 4]
    assert queue.take(ANY) is None


def test_a_kind_without_a_free_place_is_left(queue):
    queue.add(Asked("convert"))
    queue.add(Asked("send"))

    assert taken(queue, {"convert": 0, "send": 1}).job.kind == "send"
    assert queue.take({"convert": 0, "send": 1}) is None


def test_what_is_asked_for_twice_by_one_key_is_one_job(queue):
    first = queue.add(Asked("send", {"a": 1}, key="k"))
    again = queue.add(Asked("send", {"a": 2}, key="k"))

    assert again == first
    assert len(queue.list()) == 1


def test_a_job_waits_for_those_that_it_needs(queue):
    queue.add(Asked("convert"))
    queue.add(Asked("send", needs=(1,), priority=9))

    held = taken(queue)
    assert (held.job.id, queue.take(ANY)) == (1, None)
    queue.finish(held, {"study": "1.2"})

    assert taken(queue).job.id == 2


def test_a_job_that_needs_none_that_is_there_is_refused(queue):
    with pytest.raises(BadRequestError, match="there is no job 7, which it needs"):
        queue.add(Asked("send", needs=(7,)))
    assert queue.list() == []


def test_a_failure_ends_those_that_need_the_job_and_a_retry_brings_all_back(queue):
    queue.add(Asked("convert"))
    queue.add(Asked("send", needs=(1,)))
    queue.add(Asked("send", needs=(2,)))

    queue.fail(taken(queue), "it is no slide")

    assert [job.state for job in queue.list()] == ["cancelled", "cancelled", "failed"]
    assert queue.get(2).problem == "job 1, which it needs, is failed"
    with pytest.raises(ConflictingStateError, match="job 1, which it needs, is failed; retry"):
        queue.retry(2)
    queue.retry(1)
    assert {job.state for job in queue.list()} == {"waiting"}


def test_whoever_lost_the_lease_ends_nothing(queue, clock):
    queue.add(Asked("send"))
    late = taken(queue)
    clock.move(61)
    assert queue.recover(are_all_gone=False) == 1
    now = taken(queue)

    queue.finish(late, {"by": "late"})
    queue.report(late, Progress("late", 1, 2))
    assert queue.get(1).state is State.RUNNING
    queue.finish(now, {"by": "now"})
    queue.fail(late, "late")

    assert queue.get(1).result == {"by": "now"}
    assert endings(queue) == [(1, State.DONE)]


def test_a_lease_that_is_renewed_is_not_given_up(queue, clock):
    queue.add(Asked("send"))
    held = taken(queue)

    clock.move(50)
    assert queue.renew([held]) == set()
    clock.move(50)

    assert queue.recover(are_all_gone=False) == 0


def test_an_interruption_is_no_attempt(queue):
    queue.add(Asked("send"))
    assert taken(queue).job.attempts == 1

    assert queue.recover(are_all_gone=True) == 1

    found = queue.get(1)
    assert (found.state, found.attempts, found.interruptions) == (State.WAITING, 0, 1)
    assert taken(queue).job.attempts == 1


def test_what_may_pass_is_tried_again_when_it_is_due(queue, clock):
    queue.add(Asked("send"))

    queue.postpone(taken(queue), "the peer is away", 10)

    clock.move(9)
    assert queue.take(ANY) is None
    clock.move(2)
    assert taken(queue).job.attempts == 2


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_by_its_holder(queue):
    queue.add(Asked("send"))
    queue.add(Asked("send"))
    held = taken(queue)

    assert queue.cancel(2).state is State.CANCELLED
    assert queue.cancel(1).state is State.RUNNING
    assert queue.cancelling() == {1}
    queue.cancelled(held)

    assert queue.get(1).state is State.CANCELLED
    with pytest.raises(ConflictingStateError, match="cancelled already"):
        queue.cancel(1)


def test_what_was_to_be_cancelled_when_the_server_ended_is_taken_first(queue):
    queue.add(Asked("send"))
    held = taken(queue)
    queue.intend(held, [("1.2", "1.3", "1.4")])
    queue.add(Asked("send", priority=9))
    queue.cancel(1)

    queue.recover(are_all_gone=True)

    found = taken(queue).job
    assert (found.id, found.is_cancelling, found.made) == (1, True, (("1.2", "1.3", "1.4"),))


def test_the_log_is_bounded_and_of_one_line_each(queue):
    queue.add(Asked("send"))
    held = taken(queue)

    for number in range(1005):
        queue.note(held, f"line {number}\nof two")

    texts = [text for _, text in queue.log(1)]
    assert (len(texts), texts[-1]) == (1000, "line 1004 of two")


def test_changes_are_told_in_order_each_job_as_it_is_now(queue):
    for _ in range(3):
        queue.add(Asked("send"))
    since = queue.version()
    held = taken(queue)
    queue.cancel(3)
    queue.finish(held, {})

    found = queue.changed(since, 10)

    assert [(job.id, job.state) for job in found] == [(3, "cancelled"), (1, "done")]


def test_a_forgotten_job_is_not_found_and_its_number_never_comes_again(queue, clock):
    queue.add(Asked("send"))
    queue.finish(taken(queue), {})
    clock.move(100)

    assert queue.forget(clock.milliseconds) == [1]

    with pytest.raises(NotFoundError):
        queue.get(1)
    assert queue.add(Asked("send")).id == 2


def _take_all(path: Path, found: multiprocessing.Queue) -> None:
    queue = JobQueue(path)
    while held := queue.take(ANY):
        queue.finish(held, {})
        found.put(held.job.id)
    queue.close()


def test_of_several_processes_each_job_goes_to_one(queue, tmp_path):
    for _ in range(40):
        queue.add(Asked("send"))
    context = multiprocessing.get_context("spawn")
    found = context.Queue()
    processes = [
        context.Process(target=_take_all, args=(tmp_path / "jobs.sqlite", found)) for _ in range(2)
    ]

    for process in processes:
        process.start()
    numbers = sorted(found.get(timeout=60) for _ in range(40))
    for process in processes:
        process.join(60)

    assert numbers == list(range(1, 41))
    assert sorted(number for number, _ in endings(queue)) == numbers


def pages(queue: JobQueue, limit: int, **which) -> list[list[int]]:
    found, before = [], None
    while True:
        jobs, before = queue.page(before=before, limit=limit, **which)
        found.append([job.id for job in jobs])
        if before is None:
            return found


def test_thousands_of_jobs_come_in_pages_each_once(queue):
    for number in range(2000):
        kind = "send" if number % 4 else "convert"
        queue.add(Asked(kind, needs=(number,) if number % 2 else ()))
    held = [taken(queue) for _ in range(3)]

    found = pages(queue, 300)

    assert list(map(len, found)) == [300] * 6 + [200]
    assert list(chain(*found)) == list(range(2000, 0, -1))
    assert [len(page) for page in pages(queue, 1000, kind="convert")] == [500]
    running = pages(queue, 2, states=[State.RUNNING])
    assert list(chain(*running)) == sorted((item.job.id for item in held), reverse=True)
    assert [job.needs for job in queue.list(limit=3)] == [(1999,), (), (1997,)]


def test_a_page_of_large_jobs_is_bounded_in_bytes(queue):
    for _ in range(8):
        queue.add(Asked("convert", {"metadata": "x" * 1_500_000}))

    assert [len(page) for page in pages(queue, 100)] == [5, 3]
    assert [len(page) for page in pages(queue, 1)] == [1] * 8
