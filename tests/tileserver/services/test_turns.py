# SPDX-License-Identifier: Apache-2.0
"""Those who are at the same thing take turns; no two wait for each other for ever."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

from tileserver.services.turns import Turns


def test_one_at_a_time_is_at_a_key_whatever_the_order():
    turns, keys = Turns(), [bytes([number]) for number in range(8)]
    busy = dict.fromkeys(keys, 0)
    most = dict.fromkeys(keys, 0)

    def work(number: int) -> None:
        wanted = random.Random(number).choices(keys, k=4)
        with turns.of(wanted):
            for key in set(wanted):
                busy[key] += 1
                most[key] = max(most[key], busy[key])
            for key in set(wanted):
                busy[key] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(400)))

    assert set(most.values()) == {1}
    assert len(turns) == 0


def test_others_go_on():
    turns = Turns()
    done = threading.Event()

    def other() -> None:
        with turns.of([b"b"]):
            done.set()

    with turns.of([b"a"]):
        thread = threading.Thread(target=other)
        thread.start()
        assert done.wait(20)
    thread.join()


def test_an_error_ends_a_turn():
    turns = Turns()

    try:
        with turns.of([b"a", b"b"]):
            raise KeyError
    except KeyError:
        pass

    with turns.of([b"b", b"a"]):
        assert len(turns) == 2
    assert len(turns) == 0
