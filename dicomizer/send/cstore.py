# SPDX-License-Identifier: Apache-2.0
"""An application entity as peer: C-STORE to store, C-FIND at the level of images to ask back.

References
----------
PS3.4 B (storage), C.4.1 (C-FIND), PS3.7 9.1 (DIMSE-C)
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from dicomizer.errors import DicomError, NetworkError
from dicomizer.send.association import Association, Proposal
from dicomizer.send.peer import Answer, Held
from dicomizer.send.reasons import failure_reason, warning_reason
from dicomizer.send.stow import changed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Sequence

    from pydicom.dataset import Dataset

    from dicomizer.send.association import Context
    from dicomizer.send.destination import EntityDestination
    from dicomizer.send.instances import Instance

    Sent = Callable[[Instance, int], None]

_STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
_EXPLICIT, _IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
_FIND = Proposal(_STUDY_ROOT_FIND, (_EXPLICIT, _IMPLICIT))
_C_STORE, _C_FIND = 0x0001, 0x0020
_MEDIUM = 0x0000
_PENDING = (0xFF00, 0xFF01)
_MOST_PROPOSALS = 100
_CHUNK = 1 << 20
_SLOWEST_BYTES_PER_SECOND = 5e6
"""That a peer may take to store what it has received before it answers."""


class EntityPeer:
    """An application entity.

    Parameters
    ----------
    timeout
        Seconds that it may be silent.
    tls
        ``None`` for a connection in the clear.
    """

    def __init__(
        self, destination: EntityDestination, timeout: float, tls: ssl.SSLContext | None
    ) -> None:
        self._destination = destination
        self._timeout = timeout
        self._tls = tls

    def find(self, instances: Sequence[Instance]) -> dict[str, Held] | None:
        """Return those that the entity holds; see `Peer.find`."""
        series = {(item.study_instance_uid, item.series_instance_uid) for item in instances}
        wanted = {item.sop_instance_uid for item in instances}
        # Some peers abort where nothing is asked for that they take.
        stored = dict.fromkeys(map(_proposal, instances[:_MOST_PROPOSALS]))
        association = self._associate((_FIND, *stored))
        context = association.accepted.get(_FIND)
        found: dict[str, Held] = {}
        try:
            if context is None:
                return None
            for study_uid, series_uid in sorted(series):
                listed = _list_series(association, context, study_uid, series_uid)
                if listed is None:
                    return None
                found |= listed
        except BaseException:
            association.abort()
            raise
        finally:
            association.release()
        return {uid: held for uid, held in found.items() if uid in wanted}

    def store(self, batch: Sequence[Instance], sent: Sent) -> Iterator[tuple[Instance, Answer]]:
        """Send instances over one association; see `Peer.store`."""
        proposals = {item: _proposal(item) for item in batch}
        association = self._associate(tuple(dict.fromkeys(proposals.values())))
        try:
            for instance, proposal in proposals.items():
                context = association.accepted.get(proposal)
                if context is None:
                    reason = association.refused.get(proposal, "no reason")
                    yield instance, _not_taken(instance, reason)
                else:
                    yield instance, _store(association, context, instance, sent)
        except BaseException:
            association.abort()
            raise
        association.release()

    def close(self) -> None:
        """Do nothing: associations end with what they were made for."""

    def _associate(self, proposals: Sequence[Proposal]) -> Association:
        return Association(self._destination, proposals, self._timeout, self._tls)


def _proposal(instance: Instance) -> Proposal:
    """Return what an instance needs: its own transfer syntax and no other, for nothing is changed.

    Two syntaxes in one context would let the peer choose the one that others need.
    """
    return Proposal(instance.sop_class_uid, (instance.transfer_syntax_uid,))


def _not_taken(instance: Instance, reason: str) -> Answer:
    from pydicom.uid import UID

    syntax, sop_class = UID(instance.transfer_syntax_uid), UID(instance.sop_class_uid)
    return Answer(
        is_accepted=False, reason=f"{sop_class.name} in {syntax.name} is not taken: {reason}"
    )


def _store(association: Association, context: Context, instance: Instance, sent: Sent) -> Answer:
    association.request(
        context,
        {
            "AffectedSOPClassUID": instance.sop_class_uid,
            "CommandField": _C_STORE,
            "Priority": _MEDIUM,
            "AffectedSOPInstanceUID": instance.sop_instance_uid,
        },
        _data_set(instance, sent),
        seconds=instance.size / _SLOWEST_BYTES_PER_SECOND,
    )
    command, _ = association.answer()
    return _read_status(command)


def _read_status(command: Dataset) -> Answer:
    status = int(command.get("Status", 0xC000))
    if status == 0:
        return Answer(is_accepted=True)
    if status >> 12 == 0xB or status in (0x0001, 0x0107, 0x0116):
        return Answer(is_accepted=True, reason=warning_reason(status))
    may_retry = status >> 8 == 0xA7 or status in (0x0110, 0x0213)
    return Answer(is_accepted=False, reason=failure_reason(status), may_retry=may_retry)


def _data_set(instance: Instance, sent: Sent) -> Iterator[bytes]:
    """Yield what follows the file's meta information, as it is stored.

    Raises
    ------
    DicomError
        The file has changed, or cannot be read.
    """
    from pynetdicom.dsutils import split_dataset

    try:
        _, offset = split_dataset(instance.path)
        with instance.path.open("rb", buffering=0) as file:
            state = os.fstat(file.fileno())
            if (state.st_size, state.st_mtime_ns) != (instance.size, instance.modified_ns):
                raise changed(instance)
            sent(instance, file.seek(offset))
            left = instance.size - offset
            while left:
                chunk = file.read(min(_CHUNK, left))
                if not chunk:
                    raise changed(instance)
                left -= len(chunk)
                yield chunk
                sent(instance, len(chunk))
    except OSError as error:
        raise DicomError(
            f"cannot be read: {error.strerror or error}", file=instance.path
        ) from error


def _list_series(
    association: Association, context: Context, study_uid: str, series_uid: str
) -> dict[str, Held] | None:
    """Return all instances of a series that the peer tells; ``None`` if it fails to."""
    from pynetdicom.dsutils import decode

    is_implicit = context.transfer_syntax_uid == _IMPLICIT
    association.request(
        context,
        {
            "AffectedSOPClassUID": _STUDY_ROOT_FIND,
            "CommandField": _C_FIND,
            "Priority": _MEDIUM,
        },
        (_identifier(study_uid, series_uid, is_implicit=is_implicit),),
    )
    found: dict[str, Held] = {}
    while True:
        command, data = association.answer()
        status = int(command.get("Status", 0xC000))
        if status not in _PENDING:
            return found if status == 0 else None
        try:
            item = decode(io.BytesIO(data), is_implicit, is_little_endian=True)
            found[str(item.SOPInstanceUID)] = _held(item)
        except Exception as error:  # the parser raises whatever broken bytes provoke
            raise NetworkError("the peer's answer to C-FIND cannot be read") from error


def _identifier(study_uid: str, series_uid: str, *, is_implicit: bool) -> bytes:
    from pydicom.dataset import Dataset
    from pynetdicom.dsutils import encode

    asked = Dataset()
    asked.QueryRetrieveLevel = "IMAGE"
    asked.StudyInstanceUID = study_uid
    asked.SeriesInstanceUID = series_uid
    for keyword in ("SOPInstanceUID", "SOPClassUID", "NumberOfFrames", "Rows", "Columns"):
        setattr(asked, keyword, None if keyword[0] in "NRC" else "")
    encoded = encode(asked, is_implicit, is_little_endian=True)
    assert encoded is not None
    return encoded


def _held(item: Dataset) -> Held:
    values = {word: item.get(word) for word in ("NumberOfFrames", "Rows", "Columns")}
    frames, rows, columns = (
        None if value in (None, "") else int(value) for value in values.values()
    )
    sop_class = item.get("SOPClassUID")
    return Held(frames, rows, columns, str(sop_class) if sop_class else None)
