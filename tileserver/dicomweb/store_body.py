# SPDX-License-Identifier: Apache-2.0
"""The body of a store request, in parts or alone, handed over to what makes instances of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dicomizer.net.multipart import MultipartReader, PartBegin, PartData

if TYPE_CHECKING:
    from tileserver.dicomweb.store_parts import Outcome, Parts


class Body(Protocol):
    """Takes a body as it comes; but for `keep`, to be called in a thread: it waits for the disk."""

    def take(self, data: bytes) -> None:
        """Take more bytes."""
        ...

    def keep(self, data: bytes) -> None:
        """Hold the last bytes for `finish`, which saves a small body a change of threads."""
        ...

    def finish(self) -> Outcome:
        """Take what was kept; return what became of all, durably."""
        ...


class MultipartBody:
    """A multipart body.

    Raises
    ------
    MultipartError
        The boundary is none; by `take` and `finish`: the body is no multipart message.
    """

    def __init__(self, parts: Parts, boundary: str) -> None:
        self._parts = parts
        self._reader = MultipartReader(boundary)
        self._kept = b""

    def take(self, data: bytes) -> None:
        """Take more bytes."""
        for event in self._reader.feed(data):
            if isinstance(event, PartBegin):
                self._parts.begin(event.headers)
            elif isinstance(event, PartData):
                self._parts.data(event.data)
            else:
                self._parts.end()

    def keep(self, data: bytes) -> None:
        """Hold the last bytes."""
        self._kept = data

    def finish(self) -> Outcome:
        """Take what was kept; return what became of all."""
        self.take(self._kept)
        self._reader.close()
        return self._parts.finish()


class SingleBody:
    """A body that is one part, without multipart around it."""

    def __init__(self, parts: Parts, media_type: str) -> None:
        self._parts = parts
        self._media_type = media_type
        self._has_begun = False
        self._kept = b""

    def take(self, data: bytes) -> None:
        """Take more bytes."""
        if not self._has_begun and data:
            self._has_begun = True
            self._parts.begin({"content-type": self._media_type})
        if data:
            self._parts.data(data)

    def keep(self, data: bytes) -> None:
        """Hold the last bytes."""
        self._kept = data

    def finish(self) -> Outcome:
        """Take what was kept; return what became of all."""
        self.take(self._kept)
        if self._has_begun:
            self._parts.end()
        return self._parts.finish()
