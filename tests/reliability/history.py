# SPDX-License-Identifier: Apache-2.0
"""Clients that store, replace and delete for all they are worth, and what they were told when."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpx
from reliability.ledger import Ledger, Name, file_of, study_uid
from servers import STOW_TYPE, multipart


@dataclass(frozen=True)
class Asked:
    """A request about an instance: when it began, when it was acknowledged, if it was."""

    name: Name
    file: bytes | None
    begun: int
    acknowledged: int | None


@dataclass
class History:
    """All requests; those about one instance come one after the other.

    Parameters
    ----------
    clock
        Gives a number that grows with what happens to the disk.
    """

    clock: Callable[[], int]
    asked: list[Asked] = field(default_factory=list)
    _stored: set[Name] = field(default_factory=set)
    _deleted: set[Name] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, asked: Asked) -> None:
        """Note a request, and what was answered."""
        with self._lock:
            self.asked.append(asked)
            if asked.acknowledged is not None:
                (self._deleted if asked.file is None else self._stored).add(asked.name)

    @property
    def stored(self) -> int:
        """How many instances were acknowledged as stored, each counted once."""
        return len(self._stored)

    @property
    def deleted(self) -> int:
        """How many instances were acknowledged as deleted, each counted once."""
        return len(self._deleted)

    def ledger(self, moment: int) -> Ledger:
        """Return what was promised by a moment."""
        found = Ledger()
        for each in self.asked:
            if each.begun > moment:
                continue
            if each.acknowledged is not None and each.acknowledged <= moment:
                found.must(each.name, each.file)
            else:
                found.may(each.name, each.file)
        return found


class Client:
    """Has studies of its own, and does at random to them what clients do."""

    def __init__(self, address: str, history: History, number: int, batch: int = 10) -> None:
        self._http = httpx.Client(base_url=f"{address}/dicomweb", timeout=60)
        self._history = history
        self._number = number
        self._batch = batch
        self._rng = random.Random(number)
        self._studies = 0
        self._begin_study()

    def run(self, until: Callable[[], bool]) -> None:
        """Go on until told to stop, or until the server is gone."""
        try:
            while not until():
                self._act()
        except httpx.TransportError:
            return
        finally:
            self._http.close()

    def _begin_study(self) -> None:
        self._study = self._number * 1000 + self._studies
        self._studies += 1
        self._versions: dict[Name, int] = {}
        self._names = 0

    def _act(self) -> None:
        draw = self._rng.random()
        if draw < 0.7 or not self._versions:
            self._store(self._new_names(self._rng.randint(1, self._batch)))
        elif draw < 0.8:
            some = self._rng.choice(sorted(self._versions))
            self._store({some: self._versions[some] + 1})
        elif draw < 0.86:
            some = self._rng.choice(sorted(self._versions))
            self._store({some: self._versions[some]})
        elif draw < 0.94:
            some = self._rng.choice(sorted(self._versions))
            self._delete(some.path, [some])
        elif draw < 0.96:
            self._delete(f"/studies/{study_uid(self._study)}", list(self._versions))
            self._begin_study()
        else:
            self._begin_study()

    def _new_names(self, count: int) -> dict[Name, int]:
        numbers = range(self._names, self._names + count)
        self._names += count
        return {Name(self._study, number): 0 for number in numbers}

    def _store(self, versions: dict[Name, int]) -> None:
        files = {name: file_of(name, version) for name, version in versions.items()}
        begun = self._history.clock()
        acknowledged: set[str] = set()
        try:
            answer = self._http.post(
                "/studies",
                content=multipart(list(files.values())),
                headers={"Content-Type": STOW_TYPE},
            )
            acknowledged = stored_uids(answer)
        finally:
            now = self._history.clock()
            for name, file in files.items():
                is_stored = name.uids[2] in acknowledged
                self._history.note(Asked(name, file, begun, now if is_stored else None))
        self._versions |= versions

    def _delete(self, path: str, names: Iterable[Name]) -> None:
        begun, is_deleted = self._history.clock(), False
        try:
            is_deleted = self._http.delete(path).status_code == 204
        finally:
            now = self._history.clock() if is_deleted else None
            for name in names:
                self._history.note(Asked(name, None, begun, now))
                self._versions.pop(name)


def stored_uids(answer: httpx.Response) -> set[str]:
    """Return the instances that an answer acknowledges."""
    if answer.status_code not in (200, 202):
        return set()
    items = json.loads(answer.content).get("00081199", {}).get("Value", [])
    return {item["00081155"]["Value"][0] for item in items}


def busy(
    address: str, history: History, clients: int, until: Callable[[], bool], first: int = 0
) -> None:
    """Let clients go on at the same time until told to stop."""
    threads = [
        threading.Thread(target=Client(address, history, first + number).run, args=(until,))
        for number in range(1, clients + 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
