# SPDX-License-Identifier: Apache-2.0
"""Which conversion starts next, with how many threads; and that memory is never promised twice."""

from __future__ import annotations

from dicomizer.running.budget import Budget
from dicomizer.running.schedule import Schedule, Start, Task

GB = 1_000_000_000


def task(key: str, file_bytes: int = GB, memory_bytes: int = 300_000_000) -> Task:
    return Task(key, file_bytes, memory_bytes)


def started(schedule: Schedule) -> list[tuple[str, int]]:
    """Start all that may run now; return keys and threads."""
    found = []
    while (start := schedule.start()) is not None:
        assert isinstance(start, Start)
        found.append((start.task.key, start.threads))
    return found


def test_many_of_one_size_have_a_core_each():
    schedule = Schedule(Budget(4, 16 * GB), None)
    for number in range(10):
        schedule.add(task(str(number)))

    assert started(schedule) == [("0", 1), ("1", 1), ("2", 1), ("3", 1)]


def test_a_huge_one_starts_first_with_all_cores_and_small_ones_run_beside_it():
    schedule = Schedule(Budget(4, 16 * GB), None)
    for number in range(20):
        schedule.add(task(str(number), GB // 10))
    schedule.add(task("huge", 50 * GB))

    assert started(schedule) == [("huge", 4), ("0", 1), ("1", 1), ("2", 1)]


def test_the_last_ones_share_all_cores():
    schedule = Schedule(Budget(8, 16 * GB), None)
    for number in range(2):
        schedule.add(task(str(number)))

    assert started(schedule) == [("0", 4), ("1", 4)]


def test_a_single_slide_has_all_cores_but_no_more_than_gain_anything():
    schedule = Schedule(Budget(64, 64 * GB), None)
    schedule.add(task("one"))

    assert started(schedule) == [("one", 8)]


def test_no_more_start_than_jobs_and_the_next_when_one_has_ended():
    schedule = Schedule(Budget(8, 16 * GB), 2)
    for number in range(5):
        schedule.add(task(str(number)))

    assert [key for key, _ in started(schedule)] == ["0", "1"]
    schedule.end("1")
    assert [key for key, _ in started(schedule)] == ["2"]


def test_memory_of_all_that_run_stays_within_the_budget():
    schedule = Schedule(Budget(8, GB), None)
    for number in range(5):
        schedule.add(task(str(number), memory_bytes=400_000_000))

    assert len(started(schedule)) == 2


def test_one_that_needs_more_than_there_is_runs_alone():
    schedule = Schedule(Budget(8, GB), None)
    schedule.add(task("large", 2 * GB, 3 * GB))
    schedule.add(task("small", GB, 300_000_000))

    assert [key for key, _ in started(schedule)] == ["large"]
    schedule.end("large")
    assert [key for key, _ in started(schedule)] == ["small"]


def test_a_small_one_runs_while_a_large_one_waits_for_memory():
    schedule = Schedule(Budget(8, GB), None)
    schedule.add(task("a", 3 * GB, 700_000_000))
    schedule.add(task("b", 2 * GB, 700_000_000))
    schedule.add(task("c", GB, 300_000_000))

    assert [key for key, _ in started(schedule)] == ["a", "c"]


def test_where_slides_come_without_end_none_is_passed_by():
    schedule = Schedule(Budget(8, GB), None, largest_first=False)
    schedule.add(task("a", GB, 700_000_000))
    schedule.add(task("b", GB, 700_000_000))
    schedule.add(task("c", 3 * GB, 300_000_000))

    assert [key for key, _ in started(schedule)] == ["a"]
    schedule.end("a")
    assert [key for key, _ in started(schedule)] == ["b", "c"]
