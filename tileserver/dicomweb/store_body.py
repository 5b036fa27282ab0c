# SPDX-License-Identifier: Apache-2.0
"""The body of a store request, in parts or alone, handed over to what makes instances of it."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from dicomizer.net.multipart import MultipartReader, PartBegin, PartData
from tileserver.dicomweb.store_parts import Parts

_Parts = TypeVar("_Parts", bound=Parts)
_Parts_co = TypeVar("_Parts_co", bound=Parts, covariant=True)


class Body(Protocol[_Parts_co]):
    """Takes a body as it comes; but for `keep`, to be called in a thread: it waits for the disk."""

    @property
    def parts(self) -> _Parts_co:
        """What the body is handed over to."""
        ...

    def take(self, data: bytes) -> None:
        """Take more bytes."""
        ...

    def keep(self, data: bytes) -> None:
        """Hold the last bytes for `end`, which saves a small body a change of threads."""
        ...

    def end(self) -> None:
        """Take what was kept, and no more."""
        ...


class MultipartBody(Generic[_Parts]):
    """A multipart body.

    Raises
    ------
    MultipartError
        The boundary is none; by `take` and `end`: the body is no multipart message.
    """

    def __init__(self, parts: _Parts, boundary: str) -> None:
        self.parts = parts
        self._reader = MultipartReader(boundary)
        self._kept = b""

    def take(self, data: bytes) -> None:
        """Take more bytes."""
        for event in self._reader.feed(data):
            if isinstance(event, PartBegin):
                self.parts.begin(event.headers)
            elif isinstance(event, PartData):
                self.parts.data(event.data)
            else:
                self.parts.end()

    def keep(self, data: bytes) -> None:
        """Hold the last bytes."""
        self._kept = data

    def end(self) -> None:
        """Take what was kept, and no more."""
        self.take(self._kept)
        self._kept = b""
        self._reader.close()


class SingleBody(Generic[_Parts]):
    """A body that is one part, without multipart around it."""

    def __init__(self, parts: _Parts, media_type: str) -> None:
        self.parts = parts
        self._media_type = media_type
        self._has_begun = False
        self._kept = b""

    def take(self, data: bytes) -> None:
        """Take more bytes."""
        if not self._has_begun and data:
            self._has_begun = True
            self.parts.begin({"content-type": self._media_type})
        if data:
            self.parts.data(data)

    def keep(self, data: bytes) -> None:
        """Hold the last bytes."""
        self._kept = data

    def end(self) -> None:
        """Take what was kept, and no more."""
        self.take(self._kept)
        self._kept = b""
        if self._has_begun:
            self.parts.end()
