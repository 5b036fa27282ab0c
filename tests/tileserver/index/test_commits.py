# SPDX-License-Identifier: Apache-2.0
"""Changes share a commit, and each has its own fate."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from tileserver.index import Index
from tileserver.index.commits import Commits


@pytest.fixture
def index(tmp_path):
    opened = Index(tmp_path / "index.sqlite")
    with opened._writing() as connection:
        connection.exec_driver_sql("CREATE TABLE number (value INTEGER PRIMARY KEY)")
    yield opened
    opened.close()


def insert(value: int):
    return lambda connection: connection.exec_driver_sql(f"INSERT INTO number VALUES ({value})")


def values(index: Index) -> list[int]:
    with index._reading() as connection:
        return list(connection.exec_driver_sql("SELECT value FROM number").scalars())


def test_who_comes_during_a_commit_shares_the_next(index):
    begun, go_on = threading.Event(), threading.Event()
    commits: list[int] = []

    class Counting(Commits):
        def _together(self, jobs):
            commits.append(len(jobs))
            if len(commits) == 1:
                begun.set()
                assert go_on.wait(20)
            super()._together(jobs)

    shared = Counting(index._writing)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(shared.run, insert(0))
        assert begun.wait(20)
        others = [pool.submit(shared.run, insert(value)) for value in range(1, 9)]
        while len(shared._waiting) < 8:
            pass
        go_on.set()
        for each in (first, *others):
            each.result()

    assert commits == [1, 8]
    assert values(index) == list(range(9))


def test_one_that_fails_takes_nobody_along(index):
    def run(value: int) -> str:
        try:
            index._commits.run(insert(value % 50))
        except IntegrityError:
            return "known"
        return "new"

    with ThreadPoolExecutor(16) as pool:
        fates = list(pool.map(run, range(100)))

    assert fates.count("new") == fates.count("known") == 50
    assert values(index) == list(range(50))


def test_what_the_disk_refuses_is_done_for_nobody(index):
    def full(connection):
        insert(7)(connection)
        raise OperationalError("", {}, Exception("disk full"))

    with pytest.raises(OperationalError, match="disk full"):
        index._commits.run(full)
    assert values(index) == []
    index._commits.run(insert(7))
    assert values(index) == [7]
