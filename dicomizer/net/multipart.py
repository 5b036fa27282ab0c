# SPDX-License-Identifier: Apache-2.0
"""Multipart bodies of DICOMweb, read and written as streams.

The reader is fed chunks of any size and gives events; it holds no more than a chunk and the
length of a delimiter, whatever the size of a part. The writer gives the pieces around each part,
so that their lengths are known before a byte is sent.

References
----------
RFC 2046 5.1 (multipart), PS3.18 8.6 (payloads)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEADER_LIMIT = 16 << 10
"""Bytes of the header fields of a part."""
PART_LIMIT = 10_000
"""Parts of a body; a series of many more instances is sent in several requests."""
_MANY_PARTS = 64
"""From which on a chunk is looked through for how many more it has."""

# RFC 2046 allows 70 characters; Orthanc's STOW client (DICOMweb plugin 1.7) sends 73.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{1,200}")
_PARAMETER = re.compile(r';\s*([\w!#$%&\'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))')


class MultipartError(NetworkError):
    """The body is no multipart message, or goes over a limit."""


def parse_media_type(value: str) -> tuple[str, dict[str, str]]:
    """Return type/subtype in lower case, and the parameters with lower-case names."""
    media_type, _, _ = value.partition(";")
    parameters: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(value):
        parameters.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
    return media_type.strip().lower(), parameters


@dataclass(frozen=True, slots=True)
class PartBegin:
    """The header fields of the next part, with lower-case names."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartData:
    """Bytes of the current part."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The current part is complete."""


Event = PartBegin | PartData | PartEnd


def _too_many_parts() -> MultipartError:
    return MultipartError(f"the body has more than {PART_LIMIT:,} parts")


class _State(Enum):
    PREAMBLE = 1
    AFTER_DELIMITER = 2
    HEADERS = 3
    BODY = 4
    EPILOGUE = 5


class MultipartReader:
    """Takes a multipart body apart as it arrives.

    Parameters
    ----------
    boundary
        As the Content-Type says.

    Raises
    ------
    MultipartError
        The boundary is none.
    """

    def __init__(self, boundary: str) -> None:
        if not _BOUNDARY.fullmatch(boundary):
            raise MultipartError("the Content-Type has no valid boundary")
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        # A virtual line break lets the first delimiter be found like any other.
        self._pending = bytearray(b"\r\n")
        self._state = _State.PREAMBLE
        self._body_started = False
        self._parts = 0

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield what the next bytes of the body complete.

        Raises
        ------
        MultipartError
            A part's header is malformed, or a limit is passed.
        """
        self._pending += chunk
        self._look_ahead()
        while (event := self._step()) is not None:
            if not isinstance(event, _State):
                yield event

    def close(self) -> None:
        """Tell that the body is at its end.

        Raises
        ------
        MultipartError
            The closing delimiter has not come.
        """
        if self._state is not _State.EPILOGUE:
            raise MultipartError("the body ends before its closing delimiter")

    def _step(self) -> Event | _State | None:
        """Do one transition and return its event, or the new state; ``None`` to get more bytes."""
        if self._state is _State.PREAMBLE:
            return self._skip_preamble()
        if self._state is _State.AFTER_DELIMITER:
            return self._after_delimiter()
        if self._state is _State.HEADERS:
            return self._headers()
        if self._state is _State.BODY:
            return self._body()
        self._pending.clear()
        return None

    def _skip_preamble(self) -> _State | None:
        found = self._pending.find(self._delimiter)
        if found < 0:
            del self._pending[: -len(self._delimiter)]
            return None
        del self._pending[: found + len(self._delimiter)]
        return self._go(_State.AFTER_DELIMITER)

    def _after_delimiter(self) -> _State | None:
        """Tell a closing delimiter from one before a part; blanks may follow either."""
        if self._pending[:2] == b"--":
            return self._go(_State.EPILOGUE)
        end = self._pending.find(b"\r\n")
        if (end if end >= 0 else len(self._pending)) > HEADER_LIMIT:
            raise MultipartError("the line of a delimiter is too long")
        if end < 0:
            return None
        if self._pending[:end].strip(b" \t"):
            raise MultipartError("a delimiter is followed by other text on its line")
        del self._pending[:end]  # the line break stays, for a part without header fields
        self._parts += 1
        if self._parts > PART_LIMIT:
            raise _too_many_parts()
        if self._parts == _MANY_PARTS:
            self._look_ahead()
        return self._go(_State.HEADERS)

    def _look_ahead(self) -> None:
        """Refuse too many parts before each of them is worked at; few are not looked for."""
        if self._parts >= _MANY_PARTS and self._state is not _State.EPILOGUE:
            # One of the delimiters may be the closing one.
            coming = self._pending.count(self._delimiter) - 1
            if self._parts + coming > PART_LIMIT:
                raise _too_many_parts()

    def _headers(self) -> PartBegin | None:
        end = self._pending.find(b"\r\n\r\n")
        if (end if end >= 0 else len(self._pending)) > HEADER_LIMIT:
            raise MultipartError(f"the header of a part is longer than {HEADER_LIMIT:,} bytes")
        if end < 0:
            return None
        headers = {}
        for line in bytes(self._pending[:end]).split(b"\r\n")[1:]:
            name, colon, value = line.partition(b":")
            if not colon:
                raise MultipartError("a header line of a part has no colon")
            headers[name.decode("latin-1").strip().lower()] = value.decode("latin-1").strip()
        # The last line break stays: an empty part has its delimiter right behind it.
        del self._pending[: end + 2]
        self._go(_State.BODY)
        self._body_started = False
        return PartBegin(headers)

    def _body(self) -> PartData | PartEnd | _State | None:
        if not self._body_started:
            return self._start_body()
        found = self._pending.find(self._delimiter)
        if found == 0:
            del self._pending[: len(self._delimiter)]
            self._go(_State.AFTER_DELIMITER)
            return PartEnd()
        safe = found if found > 0 else len(self._pending) - len(self._delimiter) + 1
        if safe <= 0:
            return None
        data = bytes(self._pending[:safe])
        del self._pending[:safe]
        return PartData(data)

    def _start_body(self) -> _State | PartEnd | None:
        """Drop the line break before the body, unless it belongs to a delimiter."""
        if len(self._pending) < len(self._delimiter):
            return None
        self._body_started = True
        if not self._pending.startswith(self._delimiter):
            del self._pending[:2]
        return _State.BODY

    def _go(self, state: _State) -> _State:
        self._state = state
        return state


def part_header(
    boundary: str,
    content_type: str,
    location: str | None = None,
    content_range: str | None = None,
) -> bytes:
    """Return what stands before a part, the delimiter included.

    Every part begins with a line break, the first too: it is an empty preamble.
    """
    lines = [f"\r\n--{boundary}", f"Content-Type: {content_type}"]
    if location is not None:
        lines.append(f"Content-Location: {location}")
    if content_range is not None:
        lines.append(f"Content-Range: {content_range}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def closing_delimiter(boundary: str) -> bytes:
    """Return what stands behind the last part."""
    return f"\r\n--{boundary}--\r\n".encode("latin-1")
