# SPDX-License-Identifier: Apache-2.0
"""What becomes of the parts of a store request: instances as they are, or metadata and bulk data.

All methods wait for the disk and are to be called in a thread.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from dicomizer.net.multipart import parse_media_type
from tileserver.dicomweb.media_types import DICOM, DICOM_JSON, OCTET_STREAM
from tileserver.errors import (
    BadRequestError,
    BusyError,
    InvalidInstanceError,
    RefusedInstanceError,
    StorageError,
    TileserverError,
    TooLargeError,
)
from tileserver.services.assemble import (
    METADATA_LIMIT,
    BulkPart,
    BulkParts,
    datasets_of_json,
    datasets_of_xml,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tileserver.services import Ingest
    from tileserver.services.ingest import Ingested
    from tileserver.store import Incoming

_AT_ONCE = 16
"""Instances of a request that are stored at once."""


@dataclass
class Outcome:
    """What became of the instances."""

    stored: list[Ingested] = field(default_factory=list)
    failed: list[TileserverError] = field(default_factory=list)

    def note(self, found: Ingested | TileserverError) -> None:
        """Note what became of an instance."""
        if isinstance(found, TileserverError):
            self.failed.append(_alone(found))
        else:
            self.stored.append(found)

    def note_all(self, found: Iterable[Ingested | TileserverError]) -> None:
        """Note what became of several."""
        for each in found:
            self.note(each)


class Parts(Protocol):
    """Takes the parts of a body, one behind the other."""

    def begin(self, headers: Mapping[str, str]) -> None:
        """Begin a part."""
        ...

    def data(self, data: bytes) -> None:
        """Take bytes of the part."""
        ...

    def end(self) -> None:
        """End the part."""
        ...

    def finish(self) -> Outcome:
        """Store what is left, and return what became of all."""
        ...

    def close(self) -> None:
        """Discard what was not stored."""
        ...


class InstanceParts:
    """Part 10 files; those that are whole are stored several at once."""

    def __init__(self, ingest: Ingest, study: str | None) -> None:
        self.ingest = ingest
        self.study = study
        self.whole: list[Incoming] = []
        """Instances that have come, and are not stored yet."""
        self._incoming: Incoming | None = None
        self._error: TileserverError | None = None
        self._outcome = Outcome()

    def begin(self, headers: Mapping[str, str]) -> None:
        """Begin an instance."""
        if len(self.whole) >= _AT_ONCE:
            self._store_whole()
        media_type, _ = parse_media_type(headers.get("content-type", DICOM))
        self._error = None
        if media_type != DICOM:
            self._error = InvalidInstanceError(f"a part is not {DICOM}")
            return
        try:
            self._incoming = self.ingest.receive()
        except StorageError as error:
            self._error = error

    def data(self, data: bytes) -> None:
        """Take bytes of the instance; what comes behind an error is let go."""
        if self._incoming is None:
            return
        try:
            self._incoming.write(data)
        except StorageError as error:
            self._error = error
            self._discard()

    def end(self) -> None:
        """Tell that the instance is whole."""
        if self._error is not None:
            self._outcome.note(self._error)
        elif self._incoming is not None:
            self.whole.append(self._incoming)
            self._incoming = None

    def note(self, found: Iterator[Ingested | TileserverError]) -> None:
        """Note what became of what is whole, and let it go."""
        self._outcome.note_all(islice(found, len(self.whole)))
        self._let_go()

    def finish(self) -> Outcome:
        """Store the instances that are left, and return what became of all."""
        self._store_whole()
        return self._outcome

    def close(self) -> None:
        """Discard what was not stored."""
        self._discard()
        self._let_go()

    def _store_whole(self) -> None:
        try:
            store_together([self])
        finally:
            self._let_go()

    def _let_go(self) -> None:
        while self.whole:
            _close(self.whole.pop())

    def _discard(self) -> None:
        if self._incoming is not None:
            _close(self._incoming)
        self._incoming = None


def store_together(several: Sequence[InstanceParts]) -> None:
    """Store the instances that are whole by now, several at once."""
    of_study: dict[tuple[Ingest, str | None], list[InstanceParts]] = {}
    for parts in several:
        of_study.setdefault((parts.ingest, parts.study), []).append(parts)
    for (ingest, study), mine in of_study.items():
        whole = [incoming for parts in mine for incoming in parts.whole]
        found = iter(ingest.accept_all(whole, study) if whole else ())
        for parts in mine:
            parts.note(found)


class MetadataParts:
    """Metadata, as DICOM JSON or XML, and bulk data that they refer to."""

    def __init__(self, ingest: Ingest, study: str | None, media_type: str) -> None:
        self._ingest = ingest
        self._study = study
        self._media_type = media_type
        self._read = datasets_of_json if media_type == DICOM_JSON else datasets_of_xml
        self._texts: list[bytearray] = []
        self._text_size = 0
        self._bulk = BulkParts()
        self._part: BulkPart | None = None
        self._files = ExitStack()

    def begin(self, headers: Mapping[str, str]) -> None:
        """Begin metadata, or bulk data where the type is another."""
        media_type, parameters = parse_media_type(headers.get("content-type", self._media_type))
        self._part = None
        if media_type == self._media_type:
            self._texts.append(bytearray())
            return
        location = headers.get("content-location")
        if not location:
            raise BadRequestError("a part of bulk data has no Content-Location")
        incoming = self._files.enter_context(self._ingest.receive())
        syntax = parameters.get("transfer-syntax")
        self._part = BulkPart(media_type or OCTET_STREAM, syntax, incoming)
        try:
            self._bulk.add(location, self._part)
        except InvalidInstanceError as error:
            raise BadRequestError(str(error)) from error

    def data(self, data: bytes) -> None:
        """Take bytes of the part."""
        if self._part is not None:
            self._part.incoming.write(data)
            return
        self._text_size += len(data)
        if self._text_size > METADATA_LIMIT:
            raise TooLargeError(f"metadata may have {METADATA_LIMIT:,} bytes")
        self._texts[-1] += data

    def end(self) -> None:
        """Nothing is to be done before all parts have come."""

    def finish(self) -> Outcome:
        """Put the instances together, store them, and return what became of them."""
        outcome = Outcome()
        for text in self._texts:
            try:
                datasets = self._read(text)
            except InvalidInstanceError as error:
                outcome.note(error)
                continue
            finally:
                text.clear()
            for metadata in datasets:
                outcome.note(self._store(metadata))
        return outcome

    def _store(self, metadata: object) -> Ingested | TileserverError:
        try:
            return self._ingest.assemble(metadata, self._bulk, self._study)
        except (RefusedInstanceError, StorageError, BusyError) as error:
            return error

    def close(self) -> None:
        """Discard what was received."""
        self._files.close()


def _alone(error: TileserverError) -> TileserverError:
    """Return an error without what led to it: ten thousand hold all that was read in memory."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _close(incoming: Incoming) -> None:
    incoming.__exit__(None, None, None)
