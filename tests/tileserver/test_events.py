# SPDX-License-Identifier: Apache-2.0
"""Events reach those who react: in order, at least once, over a restart, by one process."""

from __future__ import annotations

import threading

import pytest

from tileserver.events import Dispatcher, Event, EventKind
from tileserver.index import Below, Index
from tileserver.index.generation import Generation


@pytest.fixture
def index(tmp_path):
    opened = Index(tmp_path / "index.sqlite")
    yield opened
    opened.close()


def happen(index: Index, *uids: str) -> None:
    from tileserver.index import changes

    events = [Event(EventKind.INSTANCE_STORED, "1", "1.1", uid) for uid in uids]
    index._commits.run(lambda connection: changes.write(connection, events))


def uids(events: list[Event]) -> list[str | None]:
    return [event.sop_instance_uid for event in events]


def dispatcher(index: Index, tmp_path, handle, **options) -> Dispatcher:
    made = Dispatcher(index, tmp_path / "events.lock")
    made.subscribe("test", handle, **options)
    return made


def test_a_subscriber_gets_what_comes_after_it(index, tmp_path):
    seen: list[Event] = []
    happen(index, "before")
    events = dispatcher(index, tmp_path, seen.append)
    assert events.deliver()
    happen(index, "a", "b")
    assert events.deliver()
    assert events.deliver()
    happen(index, "c")

    assert dispatcher(index, tmp_path, seen.append).deliver()

    assert uids(seen) == ["a", "b", "c"]
    assert [event.sequence for event in seen] == sorted({event.sequence for event in seen})


def test_a_subscriber_may_ask_for_what_was_before(index, tmp_path):
    seen: list[Event] = []
    happen(index, "before")

    assert dispatcher(index, tmp_path, seen.append, from_beginning=True).deliver()

    assert uids(seen) == ["before"]


def test_kinds_are_chosen(index, tmp_path):
    seen: list[Event] = []
    events = dispatcher(
        index, tmp_path, seen.append, kinds={EventKind.STUDY_DELETED}, from_beginning=True
    )
    happen(index, "a")

    assert events.deliver()
    assert seen == []


def test_an_event_that_is_not_taken_comes_again(index, tmp_path, caplog):
    seen: list[Event] = []
    others: list[Event] = []

    def handle(event: Event) -> None:
        if event.sop_instance_uid == "b" and len(others) < 3:
            raise ValueError("Doe^Jane")
        seen.append(event)

    events = dispatcher(index, tmp_path, handle, from_beginning=True)
    events.subscribe("other", others.append, from_beginning=True)
    happen(index, "a", "b", "c")

    assert not events.deliver()
    assert uids(others) == ["a", "b", "c"]
    assert events.deliver()

    assert uids(seen) == ["a", "b", "c"]
    assert "test cannot take an event: ValueError" in caplog.text
    assert "Doe" not in caplog.text


def test_one_of_several_processes_delivers(index, tmp_path):
    seen: list[str] = []
    arrived = threading.Event()

    def handle(event: Event) -> None:
        seen.append(event.sop_instance_uid or "")
        arrived.set()

    several = [dispatcher(index, tmp_path, handle, from_beginning=True) for _ in range(3)]
    for each in several:
        each.start()
    happen(index, "a")
    assert arrived.wait(20)
    for each in several:
        each.stop()
    assert seen == ["a"]


def test_the_generation_is_shared(tmp_path):
    first, second = Generation(tmp_path / "g"), Generation(tmp_path / "g")
    before = second.value

    first.advance()

    assert second.value == first.value == before + 1
    first.close()
    second.close()


def test_removing_nothing_is_told_by_no_event(index):
    assert index.remove(Below("9"), []) == []
    assert index.events(0, 10) == []
