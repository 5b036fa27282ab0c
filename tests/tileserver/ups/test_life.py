# SPDX-License-Identifier: Apache-2.0
"""Whatever is asked of workitems in whatever order, they are as a written-out model says.

The model has states, owners and subscriptions as plain dictionaries, and of each subscriber the
events that it has to hear, in order.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from worklist import FILTERED, PERFORMED, WORKLIST, workitem

from tileserver.errors import ConflictingStateError, GoneError, NotFoundError, TileserverError
from tileserver.settings import Settings
from tileserver.ups import Ups
from tileserver.ups.errors import InvalidRequestError, WrongStateError
from tileserver.ups.feature import WORKLIST_FILE
from tileserver.ups.model import GlobalSubscription, State

OWNERS = st.sampled_from(["8.1", "8.2", None])
AETITLES = st.sampled_from(["ONE", "TWO"])
LOCKS = st.booleans()
PRIORITIES = st.sampled_from(["LOW", "HIGH"])
UNKNOWN = "7.7.7"


@dataclass
class Item:
    """A workitem of the model."""

    priority: str
    state: str = "SCHEDULED"
    owner: str | None = None
    is_performed: bool = False
    subscribers: dict[str, str] = field(default_factory=dict)  # AE title → origin
    locks: dict[str, bool] = field(default_factory=dict)

    def take(self, aetitle: str, worklist: str, *, lock: bool) -> None:
        """Let somebody be subscribed by a worklist."""
        self.locks[aetitle] = lock if aetitle not in self.subscribers else self.locks[aetitle]
        if self.subscribers.get(aetitle) in (None, FILTERED):
            self.subscribers[aetitle] = worklist


class Life(RuleBasedStateMachine):
    """Asks a worklist and the model the same."""

    uids = Bundle("uids")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="worklist-"))
        self.settings = Settings(data=self.folder)
        self.ups = Ups.open(self.settings)
        self.items: dict[str, Item] = {}
        self.globally: dict[tuple[str, str], bool] = {}
        self.heard: dict[str, list[tuple[str, str]]] = {"ONE": [], "TWO": []}

    def teardown(self) -> None:
        self.ups.close()
        shutil.rmtree(self.folder)

    def tell(self, uid: str, what: str) -> None:
        for aetitle in self.items[uid].subscribers:
            self.heard[aetitle].append((uid, what))

    def outcome(self, function, *arguments, **options) -> object:
        """Return what was answered, or the kind of error."""
        try:
            return function(*arguments, **options)
        except TileserverError as error:
            return type(error)

    @rule(target=uids, priority=PRIORITIES)
    def create(self, priority: str) -> str:
        uid = f"1.{len(self.items) + 1}"
        sent = workitem({"00741200": {"vr": "CS", "Value": [priority]}})
        assert self.ups.worklist.create(uid, sent) == (uid, False)
        item = self.items[uid] = Item(priority)
        for (aetitle, worklist), lock in sorted(self.globally.items()):
            if worklist == WORKLIST or priority == "HIGH":
                locked = lock or item.locks.get(aetitle, False)
                item.take(aetitle, worklist, lock=lock)
                item.locks[aetitle] = locked
                if worklist == WORKLIST:
                    item.subscribers[aetitle] = WORKLIST
        self.tell(uid, "SCHEDULED")
        return uid

    @rule(uid=uids)
    def create_again(self, uid: str) -> None:
        assert self.outcome(self.ups.worklist.create, uid, workitem()) is WrongStateError

    @rule(uid=uids, state=st.sampled_from(list(State)), owner=OWNERS)
    def change(self, uid: str, state: State, owner: str | None) -> None:
        item = self.items[uid]
        found = self.outcome(self.ups.worklist.change_state, uid, owner, state)
        if state == "SCHEDULED":
            expected: object = WrongStateError
        elif owner is None or item.owner not in (None, owner):
            expected = InvalidRequestError
        elif (item.state, state) == ("SCHEDULED", "IN PROGRESS"):
            expected = True
            item.owner = owner
        elif item.state == state and state.is_final:
            expected = False
        elif item.state == "IN PROGRESS" and state.is_final:
            expected = True if state == "CANCELED" or item.is_performed else WrongStateError
        else:
            expected = WrongStateError
        assert found == expected
        if found is True:
            item.state = str(state)
            self.tell(uid, str(state))

    @rule(
        uid=uids,
        owner=OWNERS,
        readiness=st.sampled_from(["READY", "INCOMPLETE"]),
        priority=PRIORITIES,
    )
    def update(self, uid: str, owner: str | None, readiness: str, priority: str) -> None:
        item = self.items[uid]
        before = self.ups.worklist.retrieve(uid)
        changes = PERFORMED | {
            "00404041": {"vr": "CS", "Value": [readiness]},
            "00741200": {"vr": "CS", "Value": [priority]},
        }
        found = self.outcome(self.ups.worklist.update, uid, owner, changes)
        if item.state in ("COMPLETED", "CANCELED"):
            expected: object = InvalidRequestError
        elif item.state == "SCHEDULED":
            expected = WrongStateError if owner else None
        else:
            expected = None if owner == item.owner else InvalidRequestError
        assert found is expected
        if expected is None:
            item.is_performed = True
            if before["00404041"]["Value"] != [readiness]:
                self.tell(uid, item.state)
            if (item.priority, priority) == ("LOW", "HIGH"):
                self.come_to_match(uid)
            item.priority = priority
        else:
            assert self.ups.worklist.retrieve(uid) == before

    def come_to_match(self, uid: str) -> None:
        item = self.items[uid]
        for aetitle in ("ONE", "TWO"):
            lock = self.globally.get((aetitle, FILTERED))
            if lock is not None and aetitle not in item.subscribers:
                item.take(aetitle, FILTERED, lock=lock)
                self.heard[aetitle].append((uid, item.state))

    @rule(uid=uids)
    def request_cancel(self, uid: str) -> None:
        item = self.items[uid]
        found = self.outcome(self.ups.worklist.request_cancel, uid, {})
        if item.state == "COMPLETED":
            assert found is WrongStateError
            return
        assert found is (item.state != "CANCELED")
        if found:
            self.tell(uid, "cancel?")
        if item.state == "SCHEDULED":
            item.state, item.owner = "CANCELED", "server"
            self.tell(uid, "IN PROGRESS")
            self.tell(uid, "CANCELED")

    @rule(uid=uids, aetitle=AETITLES, lock=LOCKS)
    def subscribe(self, uid: str, aetitle: str, lock: bool) -> None:
        self.ups.subscriptions.subscribe(uid, aetitle, deletion_lock=lock)
        self.items[uid].subscribers[aetitle] = uid
        self.items[uid].locks[aetitle] = lock
        self.heard[aetitle].append((uid, self.items[uid].state))

    @rule(aetitle=AETITLES, worklist=st.sampled_from([WORKLIST, FILTERED]), lock=LOCKS)
    def subscribe_globally(self, aetitle: str, worklist: str, lock: bool) -> None:
        keys = (("ScheduledProcedureStepPriority", "HIGH"),) if worklist == FILTERED else ()
        asked = GlobalSubscription(aetitle, worklist, lock, keys)
        self.ups.subscriptions.subscribe_globally(asked)
        self.globally[aetitle, worklist] = lock
        for uid, item in self.items.items():
            if worklist == WORKLIST or item.priority == "HIGH":
                item.take(aetitle, worklist, lock=lock)
                if lock:
                    self.heard[aetitle].append((uid, item.state))

    @rule(uid=uids, aetitle=AETITLES)
    def unsubscribe(self, uid: str, aetitle: str) -> None:
        found = self.outcome(self.ups.subscriptions.unsubscribe, uid, aetitle)
        was = self.items[uid].subscribers.pop(aetitle, None)
        assert found is (NotFoundError if was is None else None)
        self.forget(aetitle)

    @rule(aetitle=AETITLES, worklist=st.sampled_from([WORKLIST, FILTERED]))
    def unsubscribe_globally(self, aetitle: str, worklist: str) -> None:
        found = self.outcome(self.ups.subscriptions.unsubscribe, worklist, aetitle)
        ended = [key for key in self.globally if key[0] == aetitle]
        if worklist == FILTERED:
            ended = [key for key in ended if key[1] == FILTERED]
        for key in ended:
            del self.globally[key]
        was = bool(ended)
        for item in self.items.values():
            if aetitle in item.subscribers and (
                worklist == WORKLIST or item.subscribers[aetitle] == FILTERED
            ):
                del item.subscribers[aetitle]
                was = True
        assert found is (None if was else NotFoundError)
        self.forget(aetitle)

    def forget(self, aetitle: str) -> None:
        """Who is subscribed to nothing any more has nothing left to hear."""
        if not any(key[0] == aetitle for key in self.globally) and not any(
            aetitle in item.subscribers for item in self.items.values()
        ):
            self.heard[aetitle].clear()

    @rule(aetitle=AETITLES, worklist=st.sampled_from([WORKLIST, FILTERED]))
    def suspend(self, aetitle: str, worklist: str) -> None:
        found = self.outcome(self.ups.subscriptions.suspend, worklist, aetitle)
        was = self.globally.pop((aetitle, worklist), None)
        assert found is (NotFoundError if was is None else None)
        self.forget(aetitle)

    @rule()
    def ask_for_what_is_unknown(self) -> None:
        assert self.outcome(self.ups.worklist.retrieve, UNKNOWN) is NotFoundError
        assert self.outcome(self.ups.worklist.update, UNKNOWN, None, {}) is NotFoundError

    @rule()
    def close_and_open(self) -> None:
        self.ups.close()
        self.ups = Ups.open(self.settings)

    @invariant()
    def workitems_are_as_the_model_says(self) -> None:
        for uid, item in self.items.items():
            found = self.ups.worklist.retrieve(uid)
            assert found["00741000"]["Value"] == [item.state]
            assert "00081195" not in found

    @invariant()
    def subscriptions_are_as_the_model_says(self) -> None:
        with sqlite3.connect(self.folder / WORKLIST_FILE) as file:
            found = file.execute(
                "SELECT uid, aetitle, origin, deletion_lock FROM subscription "
                "JOIN workitem ON workitem.id = workitem_id"
            ).fetchall()
        file.close()
        assert sorted(found) == sorted(
            (uid, aetitle, origin, item.locks[aetitle])
            for uid, item in self.items.items()
            for aetitle, origin in item.subscribers.items()
        )

    @invariant()
    def subscribers_hear_what_the_model_says(self) -> None:
        for aetitle, expected in self.heard.items():
            with self.ups.store.reading() as records:
                reports = [each.report for each in records.notices.waiting(aetitle, 0, 10_000)]
            # A restart is told, too.
            assert [told(each) for each in reports if "00741242" not in each] == expected


def told(report: dict) -> tuple[str, str]:
    (uid,) = report["00001000"]["Value"]
    (kind,) = report["00001002"]["Value"]
    return uid, "cancel?" if kind == 2 else report["00741000"]["Value"][0]


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_the_errors_of_the_model_are_told_apart():
    assert issubclass(WrongStateError, ConflictingStateError)
    assert issubclass(GoneError, NotFoundError)


@pytest.fixture
def ups(tmp_path):
    found = Ups.open(Settings(data=tmp_path))
    yield found
    found.close()


def test_a_queue_is_bounded_and_keeps_the_newest(ups, monkeypatch):
    monkeypatch.setattr("tileserver.ups.notices.LONGEST_QUEUE", 5)
    for number in range(1, 9):
        ups.worklist.create(f"1.{number}", workitem())
    ups.subscriptions.subscribe_globally(GlobalSubscription("AE", WORKLIST, deletion_lock=True))
    ups.worklist.create("1.9", workitem())

    found = ups.hub.waiting("AE", 0)

    assert [told(each.report)[0] for each in found] == ["1.5", "1.6", "1.7", "1.8", "1.9"]
    assert [each.sequence for each in found] == sorted(each.sequence for each in found)


def test_numbers_of_reports_never_come_again(ups):
    ups.worklist.create("1.1", workitem())
    ups.subscriptions.subscribe("1.1", "AE", deletion_lock=False)
    (before,) = ups.hub.waiting("AE", 0)
    ups.subscriptions.unsubscribe("1.1", "AE")
    ups.subscriptions.subscribe("1.1", "AE", deletion_lock=False)

    (after,) = ups.hub.waiting("AE", before.sequence)

    assert after.sequence > before.sequence
