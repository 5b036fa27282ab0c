# SPDX-License-Identifier: Apache-2.0
"""Files to a peer: ask what it holds, send the rest, ask again.

Every instance goes out until the peer has answered to it. Where a connection breaks, the peer is
asked what it has got, and only the others are sent again; where it cannot be asked, those that it
has not acknowledged are.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dicomizer.errors import DicomError, NetworkError
from dicomizer.send.errors import (
    BusyError,
    RequestRefusedError,
    TransientError,
)
from dicomizer.send.peer import difference
from dicomizer.send.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dicomizer.errors import DicomizerError
    from dicomizer.send.instances import Instance
    from dicomizer.send.journal import Journal
    from dicomizer.send.peer import Held, Peer

    _Waiting = dict[str, Instance]

MOST_INSTANCES = 100
"""Of a request or an association; below the 128 presentation contexts that one may ask for."""
_VERIFY_ATTEMPTS = 5


class State(enum.Enum):
    """What became of an instance."""

    HELD = "held"
    """The peer had it already, or had acknowledged it to an earlier run."""
    SENT = "sent"
    REFUSED = "refused"
    """The peer does not take it."""
    FAILED = "failed"
    """It could not be sent, or the peer does not have it as it was sent."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an instance.

    Parameters
    ----------
    is_verified
        Whether the peer, asked back, has it with the same number of frames.
    reason
        Why not, or what the peer warned of.
    """

    instance: Instance
    state: State
    is_verified: bool = False
    reason: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether the peer has it, as far as it can be told."""
        return self.state in (State.HELD, State.SENT)


@dataclass(frozen=True, slots=True)
class SendProgress:
    """How far sending has come.

    Parameters
    ----------
    bytes_done
        Of the instances that the peer has taken, and of those under way. Falls where a
        connection breaks.
    """

    file_name: str
    bytes_done: int
    bytes_total: int


@dataclass(frozen=True, slots=True)
class SendOptions:
    """How to send.

    Parameters
    ----------
    request_bytes
        Of a request with more than one instance.
    resend
        Whether to send what the peer holds, too.
    """

    request_bytes: int = 256_000_000
    resend: bool = False
    retry: Retry = field(default_factory=Retry)


class Sender:
    """Sends instances to one peer.

    Parameters
    ----------
    report
        Called as bytes go out.
    """

    def __init__(
        self,
        peer: Peer,
        journal: Journal,
        options: SendOptions,
        report: Callable[[SendProgress], None] = lambda _: None,
    ) -> None:
        self._peer = peer
        self._journal = journal
        self._options = options
        self._report = report
        self._outcomes: dict[str, Outcome] = {}
        self._under_way: dict[str, int] = {}
        self._total = self._done = 0

    def send(self, instances: Sequence[Instance]) -> tuple[Outcome, ...]:
        """Send instances and return what became of each, in their order.

        Raises
        ------
        NetworkError
            The peer cannot be reached or refuses to talk, before anything was sent.
        """
        self._total = sum(instance.size for instance in instances)
        waiting = {instance.sop_instance_uid: instance for instance in instances}
        if not self._options.resend:
            self._settle_held(waiting)
        self._store(waiting)
        self._verify()
        return tuple(self._outcomes[instance.sop_instance_uid] for instance in instances)

    def _settle_held(self, waiting: _Waiting) -> None:
        """Take out what the peer has; what it has in another form is not sent over it."""
        instances = list(waiting.values())
        held = self._options.retry.call(lambda: self._peer.find(instances))
        for instance in instances:
            if held is None:
                if self._journal.has(instance):
                    self._settle(waiting, Outcome(instance, State.HELD))
            elif (found := held.get(instance.sop_instance_uid)) is not None:
                self._settle(waiting, _compared(instance, found, State.HELD))

    def _store(self, waiting: _Waiting) -> None:
        """Send until nothing waits; after a failure one by one, so that one spoils no other."""
        limit = self._options.request_bytes
        failures = given_up = 0
        while waiting:
            batch, before = _batch(waiting.values(), limit), len(waiting)
            error = self._attempt(batch, waiting)
            limit = limit if error is None else 0
            if len(waiting) < before:
                failures = given_up = 0
                continue
            failures += 1
            if isinstance(error, TransientError) and failures < self._options.retry.attempts:
                self._options.retry.wait(failures, error.retry_after)
                continue
            if isinstance(error, RequestRefusedError) and len(batch) > 1:
                continue
            failures, given_up = 0, given_up + isinstance(error, TransientError)
            # Two that fail in a row tell of the peer, not of themselves.
            is_over = given_up > 1 or not isinstance(error, (TransientError, RequestRefusedError))
            for instance in list(waiting.values()) if is_over else batch:
                self._settle(waiting, _failed(instance, error))

    def _attempt(self, batch: Sequence[Instance], waiting: _Waiting) -> DicomizerError | None:
        """Send a batch; take out of what waits all whose fate is known, and return what failed."""
        error: DicomizerError | None = None
        try:
            for instance, answer in self._peer.store(batch, self._sent):
                if answer.is_accepted:
                    self._journal.add(instance)
                    self._settle(waiting, Outcome(instance, State.SENT, reason=answer.reason))
                elif answer.may_retry:
                    error = BusyError(f"the peer refuses it: {answer.reason}")
                else:
                    self._settle(waiting, Outcome(instance, State.REFUSED, reason=answer.reason))
        except DicomError as local:
            for instance in batch:
                if str(instance.path) == local.file:
                    self._settle(waiting, Outcome(instance, State.FAILED, reason=local.problem))
            error = local
        except NetworkError as failure:
            error = failure
        self._under_way.clear()
        if isinstance(error, (TransientError, DicomError)) and not self._options.resend:
            return self._settle_arrived(batch, waiting) or error
        return error

    def _settle_arrived(
        self, batch: Sequence[Instance], waiting: _Waiting
    ) -> DicomizerError | None:
        """Ask what the peer has got, where it gave no answer or a gateway's."""
        unknown = [item for item in batch if item.sop_instance_uid in waiting]
        try:
            held = self._peer.find(unknown) if unknown else None
        except NetworkError as error:
            return error
        for instance in unknown:
            if held and (found := held.get(instance.sop_instance_uid)) is not None:
                self._journal.add(instance)
                self._settle(waiting, _compared(instance, found, State.SENT))
        return None

    def _verify(self) -> None:
        """Ask the peer for all that it has accepted; it may need a while to list them."""
        doubtful = {
            uid: outcome
            for uid, outcome in self._outcomes.items()
            if outcome.state is State.SENT and not outcome.is_verified
        }
        for attempt in range(1, _VERIFY_ATTEMPTS + 1):
            if not doubtful:
                return
            if attempt > 1:
                self._options.retry.wait(attempt)
            asked = [outcome.instance for outcome in doubtful.values()]
            try:
                held = self._options.retry.call(lambda asked=asked: self._peer.find(asked))  # type: ignore[misc]
            except NetworkError as error:
                self._doubt(doubtful, f"sent, but the peer could not be asked back: {error}")
                return
            if held is None:
                return
            for uid in doubtful.keys() & held.keys():
                outcome = doubtful.pop(uid)
                found = _compared(outcome.instance, held[uid], State.SENT)
                self._outcomes[uid] = replace(found, reason=found.reason or outcome.reason)
        self._doubt(doubtful, "the peer accepted it, but does not have it when asked")

    def _doubt(self, doubtful: Mapping[str, Outcome], reason: str) -> None:
        for uid, outcome in doubtful.items():
            self._outcomes[uid] = replace(outcome, state=State.FAILED, reason=reason)

    def _settle(self, waiting: _Waiting, outcome: Outcome) -> None:
        instance = outcome.instance
        self._outcomes[instance.sop_instance_uid] = outcome
        del waiting[instance.sop_instance_uid]
        self._under_way.pop(instance.sop_instance_uid, None)
        self._done += instance.size
        self._tell(instance)

    def _sent(self, instance: Instance, length: int) -> None:
        uid = instance.sop_instance_uid
        self._under_way[uid] = self._under_way.get(uid, 0) + length
        self._tell(instance)

    def _tell(self, instance: Instance) -> None:
        done = self._done + sum(self._under_way.values())
        self._report(SendProgress(instance.path.name, done, self._total))


def _batch(waiting: Iterable[Instance], limit: int) -> list[Instance]:
    """Return the first that fit into a request together, one at least."""
    batch: list[Instance] = []
    size = 0
    for instance in waiting:
        size += instance.size
        if batch and (size > limit or len(batch) == MOST_INSTANCES):
            break
        batch.append(instance)
    return batch


def _compared(instance: Instance, held: Held, state: State) -> Outcome:
    found = difference(instance, held)
    if found is None:
        return Outcome(instance, state, is_verified=True)
    reason = f"the peer holds this UID otherwise: {found}"
    return Outcome(instance, State.FAILED, reason=reason)


def _failed(instance: Instance, error: DicomizerError | None) -> Outcome:
    state = State.REFUSED if isinstance(error, RequestRefusedError) else State.FAILED
    return Outcome(instance, state, reason=error.problem if error else "the peer did not answer")
