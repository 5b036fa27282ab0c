# SPDX-License-Identifier: Apache-2.0
"""Rules at work: what happens is held against them, and what they want done is asked for.

Each happening is handed over at least once, and what is asked for by one key is one job: so that
each rule is set off exactly once by each happening, whenever the server is killed.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from tileserver.errors import TileserverError
from tileserver.events import EventKind, locked
from tileserver.index import Condition, Level, OneOf, Search
from tileserver.job_queue import Asked
from tileserver.rules.model import LEVELS, Happened, Rule, When
from tileserver.rules.store import RULES_FILE, RuleStore
from tileserver.services.included import Included

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tileserver.events import Dispatcher, Event
    from tileserver.job_queue import Job, JobQueue
    from tileserver.services import Query
    from tileserver.settings import Settings

_logger = logging.getLogger(__name__)
_LOCK_FILE = "rules.lock"
_LOOK_SECONDS = 1.0
_BATCH = 100
_MOST_STUDIES = 10_000
"""That one firing of a schedule is about."""
_UIDS = ("0020000D", "0020000E", "00080018")
_NOTHING = Included(frozenset(), everything=False)


class Rules:
    """The rules of a server.

    Parameters
    ----------
    ask
        Puts a job on the queue.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        settings: Settings,
        query: Query,
        queue: JobQueue,
        ask: Callable[[Asked], Job],
    ) -> None:
        self._rules = rules
        self._settings = settings
        self._query = query
        self._queue = queue
        self._ask = ask
        self._store = RuleStore(settings.data / RULES_FILE) if rules else None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def subscribe(self, events: Dispatcher) -> None:
        """Hear of what is stored."""
        if self._of(When.INSTANCE_STORED) or self._of(When.SERIES_STABLE):
            events.subscribe("rules", self._stored, [EventKind.INSTANCE_STORED])

    def start(self) -> None:
        """Begin to look at all that nobody tells of."""
        if self._store is not None:
            # What happens from now on is not missed, however long until the first look.
            self._store.place("jobs", self._queue.last_ending())
            for rule in self._of(When.SCHEDULE):
                self._store.place(f"schedule {rule.name}", _turn(rule, int(time.time())))
            self._thread = threading.Thread(target=self._run, name="rules", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Come to an end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._store is not None:
            self._store.close()

    def would_fire(self, rule: Rule, limit: int) -> Iterator[Happened]:
        """Yield what is stored by now that would have set a rule off."""
        if rule.when is When.JOB_FINISHED:
            for job in self._queue.list(limit=limit):
                happened = _of_job(job)
                if job.is_final and self._holds(rule, happened):
                    yield happened
        elif rule.when is When.SCHEDULE and not _is_about_studies(rule):
            yield Happened(When.SCHEDULE, "once")
        else:
            yield from self._found(rule, rule.conditions, "stored", limit)

    def _of(self, when: When) -> list[Rule]:
        return [rule for rule in self._rules if rule.when is when]

    def _stored(self, event: Event) -> None:
        """Take an event of the index."""
        assert self._store is not None
        study, series = event.study_instance_uid, event.series_instance_uid
        assert series is not None
        happened = Happened(
            When.INSTANCE_STORED, str(event.sequence), study, series, event.sop_instance_uid
        )
        for rule in self._of(When.INSTANCE_STORED):
            self._fire_if(rule, happened)
        for rule in self._of(When.SERIES_STABLE):
            self._store.await_stable(rule.name, (study, series), event.sequence, event.time)

    def _run(self) -> None:
        path = self._settings.data / _LOCK_FILE
        while not self._stopping.wait(_LOOK_SECONDS):
            with locked(path) as is_ours:
                while is_ours and not self._stopping.is_set():
                    try:
                        self._look()
                    except TileserverError as error:
                        _logger.error("rules: %s", error)
                    self._stopping.wait(_LOOK_SECONDS)

    def _look(self) -> None:
        for rule in self._of(When.SERIES_STABLE):
            self._look_for_stable(rule)
        if self._of(When.JOB_FINISHED):
            self._look_at_jobs()
        for rule in self._of(When.SCHEDULE):
            self._look_at_clock(rule, int(time.time()))

    def _look_for_stable(self, rule: Rule) -> None:
        assert self._store is not None
        before = int((time.time() - rule.stable_seconds) * 1000)
        for study, series, sequence in self._store.stable(rule.name, before):
            happened = Happened(When.SERIES_STABLE, str(sequence), study, series)
            self._fire_if(rule, happened)
            self._store.settle(rule.name, study, series, sequence)

    def _look_at_jobs(self) -> None:
        assert self._store is not None
        at = self._store.place("jobs", self._queue.last_ending())
        for sequence, job in self._queue.endings(at, _BATCH):
            happened = _of_job(job, sequence)
            # What rules did sets no rule off: it would never end.
            for rule in self._of(When.JOB_FINISHED) if not _is_of_rule(job, "job finished") else ():
                self._fire_if(rule, happened)
            self._store.move("jobs", sequence)

    def _look_at_clock(self, rule: Rule, now: int) -> None:
        """Set a rule off where its time has come since it was looked at last."""
        assert self._store is not None
        turn = _turn(rule, now)
        name = f"schedule {rule.name}"
        if turn <= self._store.place(name, turn):
            return
        if _is_about_studies(rule):
            for happened in self._found(rule, rule.conditions, str(turn), _MOST_STUDIES):
                self._fire(rule, happened)
        else:
            self._fire(rule, Happened(When.SCHEDULE, str(turn)))
        self._store.move(name, turn)

    def _fire_if(self, rule: Rule, happened: Happened) -> None:
        if self._holds(rule, happened):
            self._fire(rule, happened)

    def _holds(self, rule: Rule, happened: Happened) -> bool:
        if rule.of_job is not None and happened.job is not None:
            kinds, states = rule.of_job["kinds"], rule.of_job["states"]
            if (kinds and happened.job["kind"] not in kinds) or happened.job["state"] not in states:
                return False
        if not rule.conditions:
            return True
        uids = (happened.study, happened.series, happened.instance)
        if happened.study is None:
            return False
        about = [
            Condition(level, (tag,), (OneOf((uid,)),))
            for level, tag, uid in zip(Level, _UIDS, uids, strict=True)
            if uid is not None
        ]
        return any(True for _ in self._found(rule, (*about, *rule.conditions), "", 1))

    def _found(
        self, rule: Rule, conditions: tuple[Condition, ...], name: str, limit: int
    ) -> Iterator[Happened]:
        """Yield what matches, at the level that a rule is about."""
        import json

        level = LEVELS[rule.when]
        search = Search(level, conditions, limit)
        for text in self._query.search(search, _NOTHING, "").items:
            item = json.loads(text)
            uids = [item[tag]["Value"][0] for tag in _UIDS[: level + 1]]
            yield Happened(rule.when, name, *uids)

    def _fire(self, rule: Rule, happened: Happened) -> None:
        """Ask for what a rule wants done, and write why."""
        about = happened.instance or happened.series or happened.study or ""
        cause = f"rule {rule.name}: {happened.when} {happened.id}"
        for number, action in enumerate(rule.actions):
            parameters = {**happened.below(action.level), **action.parameters}
            if action.kind in ("webhook", "call"):
                parameters["event"] = {**happened.document(), "rule": rule.name}
            elif action.kind == "verify" and happened.job is not None:
                parameters.setdefault("convert", happened.job["id"])
            key = f"{cause} {about} {number}"
            try:
                job = self._ask(Asked(action.kind, parameters, action.priority, (), key, cause))
            except TileserverError as error:
                _logger.warning("rule %s, %s %s: %s", rule.name, happened.when, happened.id, error)
            else:
                _logger.info(
                    "rule %s, %s %s: job %d", rule.name, happened.when, happened.id, job.id
                )


def _turn(rule: Rule, now: int) -> int:
    """Return the number of the last time that a schedule has come up."""
    return (now - rule.at_seconds) // rule.every_seconds


def _is_about_studies(rule: Rule) -> bool:
    """Tell whether a schedule is set off once for each study, and not once for all."""
    return bool(rule.conditions) or any(action.level is not None for action in rule.actions)


def _of_job(job: Job, sequence: int | None = None) -> Happened:
    result = job.result or {}
    study = result.get("study") or job.parameters.get("study")
    told = {"id": job.id, "kind": job.kind, "state": str(job.state), "problem": job.problem}
    name = f"{job.id}" if sequence is None else f"{job.id} ({sequence})"
    return Happened(When.JOB_FINISHED, name, str(study) if study else None, job=told)


def _is_of_rule(job: Job, when: str) -> bool:
    return job.cause.startswith("rule ") and f": {when} " in job.cause
