# SPDX-License-Identifier: Apache-2.0
"""A slide from step to step: looked at, converted, verified, stored, sent, put aside.

Each step can be done again: it finds what it had done when it was broken off. The order is what
makes it safe. A slide is converted in a private folder; that it is whole there, and its place among
the results, are on disk in the journal before it is moved, in one rename, to that place. That it
is stored and sent is on disk before its source is touched. So at every moment at least one of
source and result is whole, and nothing partial has a name that anybody looks at.
"""

from __future__ import annotations

import logging
import shutil
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dicomizer.errors import NetworkError, TargetError
from dicomizer.running.messages import Request
from dicomizer.running.reasons import crash_of
from dicomizer.targets.durable import durable_folders, flush_folder
from dicomizer.targets.explained import explained
from dicomizer.targets.folder import forget_states, instances_in
from dicomizer.watch.failures import Cause, Failure, Refusal, failure_of
from dicomizer.watch.journal import State
from dicomizer.watch.rules import read_rules
from dicomizer.watch.seen import fingerprint_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dicomizer.running.children import Children
    from dicomizer.running.messages import Ended
    from dicomizer.watch.aside import Aside
    from dicomizer.watch.journal import Journal, Record
    from dicomizer.watch.options import WatchOptions

    Tell = Callable[[str, Record], None]
    """Called with what happened to a slide."""


_LOG = logging.getLogger(__name__)


class Steps:
    """Takes slides through their steps; several threads may, each with another slide."""

    def __init__(
        self,
        options: WatchOptions,
        journal: Journal,
        children: Children,
        aside: Aside,
        tell: Tell,
    ) -> None:
        self._options = options
        self._journal = journal
        self._children = children
        self._aside = aside
        self._tell = tell

    def advance(self, record: Record, threads: int) -> None:
        """Take a slide as far as it goes now.

        Raises
        ------
        StoppedError
            All is stopped; what was begun is gone on with at the next start.
        TargetError
            The journal cannot be written.
        """
        while True:
            step = self._step(record, threads)
            if step is None:
                return
            before, record = record, step
            if record.state is before.state and not record.is_settled:
                return  # another attempt is to come

    def copy(self, record: Record, path: str, marks: str) -> None:
        """Put another copy of a slide aside, with which nothing is left to be done."""
        try:
            self._aside.copy(record, path, marks)
        except TargetError as error:
            _LOG.warning("a copy stays in the inbox: %s", error.problem)

    def _step(self, record: Record, threads: int) -> Record | None:
        """Do what is next; return what the slide is then, ``None`` where nothing is left."""
        try:
            match record.state:
                case State.NEW if self._aside.is_to_return(record):
                    return self._return(record)
                case State.NEW | State.UNMATCHED if self._is_to_convert(record):
                    return self._convert(record, threads)
                case State.CONVERTED:
                    return self._deliver(record)
                case State.DONE | State.FAILED | State.UNMATCHED if not record.is_settled:
                    return self._settle(record)
        except Failure as failure:
            return self._failed(record, failure)
        return None

    def _is_to_convert(self, record: Record) -> bool:
        return record.state is State.NEW or (record.is_settled and record.next_try <= time.time())

    def _convert(self, record: Record, threads: int) -> Record:
        path = self._options.inbox / record.path
        if fingerprint_at(path) != record.fingerprint:
            return self._gone(record)
        if self._is_stored(record):
            return self._journal.change(record.content, state=State.CONVERTED, is_settled=0)
        begun = time.monotonic()
        metadata = self._look(record, path)
        if metadata is None:
            return self._unmatched(record)
        self._tell("begun", record)
        document = self._converted(record, path, metadata, threads)
        self._verify(record, path, metadata, threads)
        if fingerprint_at(path) != record.fingerprint:
            return self._gone(record)
        staging = self._staging(record)
        forget_states(staging)
        flush_folder(staging.parent)
        self._journal.reserve(record.content, self._names(record))
        return self._journal.change(
            record.content,
            is_durable=True,
            state=State.CONVERTED,
            is_settled=0,
            attempts=0,
            next_try=0,
            reason=None,
            remedy=None,
            file_bytes=document["file_bytes"],
            study_instance_uid=document["study_instance_uid"],
            seconds=round(time.monotonic() - begun, 3),
        )

    def _look(self, record: Record, path: Path) -> dict[str, Any] | None:
        """Return the metadata by the rules; ``None`` where a look-up that is needed fails.

        Whether the file is whole is seen at the same time: its reader opens it.
        """
        rules = ("--rules", str(self._options.rules)) if self._options.rules else ()
        came = ("--came-as", str(self._options.inbox / record.name))
        ended = self._run(("watch", "try", "--json", *rules, *came, "--", str(path)), None)
        document = _document(ended, path, "metadata")
        if document["unmatched"]:
            self._journal.change(record.content, reason=document["unmatched"])
            return None
        metadata: dict[str, Any] = document["metadata"]
        return metadata

    def _converted(
        self, record: Record, path: Path, metadata: dict[str, Any], threads: int
    ) -> dict[str, Any]:
        staging = self._staging(record)
        arguments = (*self._options.arguments, "--threads", str(threads), "--overwrite", "--json")
        ended = self._run(
            ("convert", *arguments, "--", str(path), str(staging)), metadata, keeps_states=True
        )
        return _document(ended, path, "instances")

    def _verify(self, record: Record, path: Path, metadata: dict[str, Any], threads: int) -> None:
        if self._options.verify_arguments is None:
            return
        arguments = (*self._options.verify_arguments, "--threads", str(threads), "--json")
        staging = self._staging(record)
        ended = self._run(("verify", *arguments, "--", str(path), str(staging)), metadata)
        document = _document(ended, path, "same")
        if not document["same"]:
            _remove(staging)
            first = document["differences"][:1]
            told = f"; first in {first[0]['image']}: {first[0]['attribute']}" if first else ""
            raise Refusal(
                f"the result is not the same as the slide: {len(document['differences'])} "
                f"differences{told}",
                "run dicomizer convert and dicomizer verify by hand, and report what they tell",
            )

    def _deliver(self, record: Record) -> Record:
        """Store and send what is converted."""
        staging = self._staging(record)
        folder = staging
        if self._options.out is not None:
            assert record.out is not None
            folder = self._options.out / record.out
            self._publish(staging, folder)
        if not instances_in(folder):
            # Somebody has removed it: the source is still here.
            _remove(staging)
            return self._journal.change(record.content, state=State.NEW, out=None)
        if self._options.address is not None:
            self._send(folder)
        record = self._journal.change(
            record.content,
            is_durable=True,
            state=State.DONE,
            attempts=0,
            next_try=0,
            reason=None,
            remedy=None,
        )
        _remove(staging)
        return record

    def _publish(self, staging: Path, folder: Path) -> None:
        """Move what is converted to its place, unless that was done before a crash."""
        if not staging.exists():
            return
        with explained("cannot be stored", folder):
            durable_folders(folder.parent)
            staging.rename(folder)
            flush_folder(folder.parent)
            flush_folder(staging.parent)

    def _send(self, folder: Path) -> None:
        assert self._options.address is not None
        ended = self._run(
            (
                *("send", "--json", "--to", self._options.address),
                *(*self._options.send_arguments, "--", str(folder)),
            ),
            None,
        )
        document = _document(ended, folder, "complete")
        if document["complete"]:
            return
        bad = [item for item in document["instances"] if item["state"] in ("refused", "failed")]
        problem = f"{len(bad)} of {len(document['instances'])} instances were not taken"
        if bad:
            problem += f": {bad[0]['reason']}"
        if bad and all(item["state"] == "refused" for item in bad):
            raise Refusal(f"the peer refuses it: {problem}", "ask who runs the peer")
        raise failure_of(NetworkError(problem))

    def _settle(self, record: Record) -> Record:
        try:
            settled = self._aside.settle(record, self._sidecars(record))
        except TargetError as error:
            raise failure_of(error) from error
        self._tell(str(record.state), settled)
        return settled

    def _return(self, record: Record) -> Record:
        """Bring back what was put aside and is to be tried again."""
        path = self._options.inbox / record.path
        if record.target is None and fingerprint_at(path) != record.fingerprint:
            return self._gone(record)
        sidecars = [item for item in self._sidecars(record) if item.parent == path.parent]
        try:
            return self._aside.bring_back(record, sidecars)
        except TargetError as error:
            raise failure_of(error) from error

    def _sidecars(self, record: Record) -> list[Path]:
        """Return the files that came with a slide to tell its metadata."""
        if self._options.rules is None:
            return []
        sidecar = read_rules(self._options.rules).sidecar
        inbox = self._options.inbox
        return sidecar.beside(inbox / record.path, inbox / record.name) if sidecar else []

    def _gone(self, record: Record) -> Record:
        """Note that a slide was taken away or replaced before it was converted."""
        _remove(self._staging(record))
        self._journal.forget(record.path)
        record = self._journal.change(
            record.content,
            state=State.GONE,
            is_settled=1,
            next_try=0,
            reason="it was taken away, moved or replaced before it was converted",
        )
        self._tell("gone", record)
        return record

    def _unmatched(self, record: Record) -> Record:
        return self._journal.change(
            record.content,
            state=State.UNMATCHED,
            next_try=time.time() + self._options.lookup_seconds,
        )

    def _failed(self, record: Record, failure: Failure) -> Record:
        """Note a failure, and when to try again if that may help."""
        options = self._options
        attempts = record.attempts + 1
        age = time.time() - record.first_seen
        may_give_up = record.state in (State.NEW, State.UNMATCHED) and record.target is None
        if failure.cause is Cause.ANSWER or (
            may_give_up and failure.is_given_up(attempts, age, options)
        ):
            _remove(self._staging(record))
            return self._journal.change(
                record.content,
                state=State.FAILED,
                is_settled=0,
                next_try=0,
                attempts=attempts,
                reason=failure.reason,
                remedy=failure.remedy,
            )
        wait = min(
            options.first_retry_seconds * 2 ** min(attempts - 1, 30), options.longest_retry_seconds
        )
        record = self._journal.change(
            record.content,
            attempts=attempts,
            next_try=time.time() + wait,
            reason=failure.reason,
            remedy=failure.remedy,
        )
        self._tell("retry", record)
        return record

    def _run(
        self,
        arguments: tuple[str, ...],
        metadata: dict[str, Any] | None,
        *,
        keeps_states: bool = False,
    ) -> Ended:
        return self._children.run(Request(arguments, metadata, keeps_states))

    def _staging(self, record: Record) -> Path:
        return self._options.work / record.content[:32]

    def _is_stored(self, record: Record) -> bool:
        """Tell whether the results are in place already, of a slide that could not be sent."""
        out = self._options.out
        return bool(out and record.out and instances_in(out / record.out))

    def _names(self, record: Record) -> Iterator[str]:
        """Yield names for the slide's folder that nothing has among the results."""
        name = Path(record.name).with_suffix("")
        for digits in count(0, 8):
            found = f"{name}-{record.content[:digits]}" if digits else str(name)
            if self._options.out is None or not (self._options.out / found).exists():
                yield found


def _document(ended: Ended, file: Path, key: str) -> dict[str, Any]:
    """Return the document of a child that did what it should.

    Raises
    ------
    Failure
        It failed.
    """
    if key in ended.document:
        return ended.document
    told = ended.document.get("error")
    raise Failure.told(told) if told else failure_of(crash_of(ended, file))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
