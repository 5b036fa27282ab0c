# SPDX-License-Identifier: Apache-2.0
"""What many ask for is done for several at once; each gets what is its own."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tileserver.together import Together


class Work:
    """Adds one to numbers, when it may; remembers what it was asked for at once."""

    def __init__(self):
        self.asked = []
        self.may = threading.Semaphore(0)
        self.has_begun = threading.Semaphore(0)

    def __call__(self, numbers):
        self.asked.append(list(numbers))
        self.has_begun.release()
        self.may.acquire()
        if 13 in numbers:
            raise OSError("no disk")
        return [ValueError(number) if number < 0 else number + 1 for number in numbers]

    async def begun(self):
        await asyncio.to_thread(self.has_begun.acquire)


def gathered(numbers, most=32):
    """Ask for a number, and for others while that is being done."""
    work = Work()

    async def ask():
        together = Together(work, most)
        first = asyncio.create_task(together.do(0))
        await work.begun()
        others = [asyncio.create_task(together.do(number)) for number in numbers]
        await asyncio.sleep(0)  # all of them wait from now on
        work.may.release(100)
        return await asyncio.gather(first, *others, return_exceptions=True)

    return asyncio.run(ask()), work.asked


def test_alone_nobody_waits():
    work = Work()
    work.may.release()

    assert asyncio.run(Together(work, 32).do(4)) == 5
    assert work.asked == [[4]]


def test_what_comes_meanwhile_is_done_at_once_in_order():
    results, asked = gathered([5, 3, 4])

    assert results == [1, 6, 4, 5]
    assert asked == [[0], [5, 3, 4]]


def test_no_more_than_a_number_are_done_at_once():
    results, asked = gathered([1, 2, 3, 4, 5], most=2)

    assert results == [1, 2, 3, 4, 5, 6]
    assert asked == [[0], [1, 2], [3, 4], [5]]


def test_an_error_is_told_to_whom_it_concerns():
    results, _ = gathered([5, -1, 4])

    assert results[0::3] == [1, 5]
    assert results[1] == 6
    assert isinstance(results[2], ValueError)
    assert results[2].args == (-1,)


def test_where_nothing_could_be_done_all_are_told_and_it_goes_on():
    results, asked = gathered([13, 2, 3], most=2)

    assert [str(result) for result in results] == ["1", "no disk", "no disk", "4"]
    assert asked == [[0], [13, 2], [3]]


def test_who_goes_away_leaves_others_their_results():
    work = Work()

    async def ask():
        together = Together(work, 32)
        tasks = [asyncio.create_task(together.do(number)) for number in (1, 2, 3)]
        await work.begun()
        tasks[1].cancel()
        work.may.release(100)
        found = await asyncio.gather(*tasks, return_exceptions=True)
        return found, await together.do(9)

    (first, second, third), later = asyncio.run(ask())

    assert (first, third, later) == (2, 4, 10)
    assert isinstance(second, asyncio.CancelledError)
    assert [number for asked in work.asked for number in asked] == [1, 2, 3, 9]


@pytest.mark.parametrize("count", [1, 3])
def test_a_second_loop_begins_anew(count):
    work = Work()
    work.may.release(100)
    together = Together(work, 32)

    async def ask():
        return await asyncio.gather(*(together.do(number) for number in range(count)))

    assert asyncio.run(ask()) == list(range(1, count + 1))
    assert asyncio.run(ask()) == list(range(1, count + 1))
