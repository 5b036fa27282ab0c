# SPDX-License-Identifier: Apache-2.0
"""The journal: one record for each content, whatever comes and goes."""

from __future__ import annotations

import sqlite3

import pytest

from dicomizer.errors import TargetError
from dicomizer.watch.journal import Journal, State


@pytest.fixture
def journal(tmp_path):
    found = Journal(tmp_path / "state" / "journal.sqlite")
    yield found
    found.close()


def test_a_content_is_known_under_any_name(journal):
    first = journal.arrive("a.svs", "1", "aa", 7)
    again = journal.arrive("b.svs", "2", "aa", 7)

    assert (first.state, first.path) == (State.NEW, "a.svs")
    assert again == first
    assert journal.sightings() == {"a.svs": ("1", "aa"), "b.svs": ("2", "aa")}


def test_what_is_done_is_not_begun_again_and_what_failed_is(journal):
    journal.arrive("a.svs", "1", "aa", 7)
    journal.arrive("b.svs", "2", "bb", 7)
    journal.change("aa", state=State.DONE, is_settled=1)
    journal.change("bb", state=State.FAILED, is_settled=1, attempts=3, reason="no slide")

    assert journal.arrive("c.svs", "3", "aa", 7).state is State.DONE
    back = journal.arrive("d.svs", "4", "bb", 7)
    assert (back.state, back.path, back.attempts, back.reason) == (State.NEW, "d.svs", 0, None)


def test_a_name_among_the_results_is_given_once(journal):
    for content in ("aa", "bb"):
        journal.arrive(f"{content}.svs", content, content, 7)

    assert journal.reserve("aa", iter(["x", "y"])) == "x"
    assert journal.reserve("bb", iter(["x", "y"])) == "y"
    assert journal.reserve("aa", iter(["z"])) == "x"


def test_what_is_left_to_be_done_is_what_waits_no_more(journal):
    for number, content in enumerate(("aa", "bb", "cc", "dd", "ee")):
        journal.arrive(f"{number}.svs", content, content, 7)
    journal.change("bb", next_try=1e12)
    journal.change("cc", state=State.DONE, is_settled=1)
    journal.change("dd", state=State.DONE)
    journal.change("ee", state=State.GONE)

    assert [record.content for record in journal.open_records(1e11)] == ["aa", "dd"]
    assert journal.next_try() == 1e12
    assert journal.is_open()
    assert journal.counts() == {
        "new": 2, "converted": 0, "done": 2, "unmatched": 0, "failed": 0, "gone": 1,
    }  # fmt: skip


def test_another_file_or_a_newer_journal_is_refused(tmp_path):
    other = tmp_path / "other.sqlite"
    other.write_text("no database, but a text that is long enough to be looked at as one " * 9)
    with pytest.raises(TargetError, match="file is not a database"):
        Journal(other)
    newer = tmp_path / "newer.sqlite"
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(TargetError, match="found version 9 of a journal, expected 1"):
        Journal(newer)


def test_a_reader_sees_what_the_service_writes(journal):
    journal.arrive("a.svs", "1", "aa", 7)
    reader = Journal(journal.path, is_read_only=True)
    journal.change("aa", state=State.FAILED, reason="no slide")

    (found,) = reader.unsettled(10)
    reader.close()

    assert (found.state, found.reason) == (State.FAILED, "no slide")
