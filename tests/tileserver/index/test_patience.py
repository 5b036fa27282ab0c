# SPDX-License-Identifier: Apache-2.0
"""A search ends when its time is up, or when nobody waits for it any more."""

from __future__ import annotations

import re
import sqlite3
import threading

import pytest
from searched import instance_of

from tileserver.errors import TooBroadError
from tileserver.index import Condition, Index, Level, Number, Patience, Search, patience

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
ROWS = Search(Level.INSTANCE, (Condition(Level.INSTANCE, ("00280010",), (Number(17),)),), 10)


@pytest.fixture
def driver():
    opened = sqlite3.connect(":memory:", check_same_thread=False)
    yield opened
    opened.close()


def test_what_takes_too_long_is_ended_and_told(driver):
    told = "the search takes longer than 0.05 s: narrow it by what has an index"

    with pytest.raises(TooBroadError, match=re.escape(told)), Patience(0.05).during(driver):
        driver.execute(ENDLESS).fetchone()

    assert driver.execute("SELECT 1").fetchone() == (1,)


def test_what_nobody_waits_for_is_ended_from_another_thread(driver):
    waiting = Patience(3600)
    threading.Timer(0.05, waiting.lose).start()

    with pytest.raises(TooBroadError), waiting.during(driver):
        driver.execute(ENDLESS).fetchone()


def test_another_error_is_not_taken_for_it(driver):
    missing = pytest.raises(sqlite3.OperationalError, match="no such table")

    with missing, Patience(0).during(driver):
        driver.execute("SELECT * FROM missing")


def test_a_search_is_ended_and_the_next_has_patience_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "_STEPS", 1)
    index = Index(tmp_path / "index.sqlite")
    index.add(instance_of(1, 1, 1))

    with pytest.raises(TooBroadError):
        index.search(ROWS, Patience(0))

    assert index.search(ROWS, Patience(3600)).rows == []
    assert index.search(ROWS).rows == []
    index.close()
