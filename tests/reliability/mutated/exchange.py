# SPDX-License-Identifier: Apache-2.0
"""What comes back over a raw connection, read by the letter of RFC 9112."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httptools
from reliability.mutated.running import LONGEST_SECONDS

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [\t\x20-\x7e]*")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_CHUNK = re.compile(rb"([0-9a-fA-F]+)\r\n")
_WITHOUT_BODY = (204, 304)
_READ = 1 << 16


class MalformedError(Exception):
    """What came is no answer."""


@dataclass(frozen=True)
class Asked:
    """What the server was told, as a parser of HTTP sees it.

    Parameters
    ----------
    methods
        Of the requests that came whole, in order.
    is_due
        Whether the server has to do something: answer all of them, or end the connection.
    """

    methods: tuple[bytes, ...]
    is_due: bool


class _Listener:
    def __init__(self) -> None:
        self.methods: list[bytes] = []
        self.parser = httptools.HttpRequestParser(self)

    def on_message_complete(self) -> None:
        self.methods.append(self.parser.get_method())


def asked(sent: bytes) -> Asked:
    """Return what bytes ask a server for."""
    listener = _Listener()
    is_broken = False
    try:
        listener.parser.feed_data(sent)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        is_broken = True
    return Asked(tuple(listener.methods), is_broken or bool(listener.methods))


def statuses(address: str, sent: bytes) -> list[int]:
    """Send bytes, and return the statuses of all answers that come until nothing more has to.

    Raises
    ------
    MalformedError
        What came is no answer.
    TimeoutError
        What had to come did not.
    """
    due = asked(sent)
    where = urlsplit(address)
    assert where.hostname is not None
    with socket.create_connection(
        (where.hostname, where.port or 80), LONGEST_SECONDS
    ) as connection:
        received, is_closed = b"", False
        try:
            connection.sendall(sent)
        except ConnectionError:
            is_closed = True  # refused before all of it was sent; an answer may have come
        deadline = time.monotonic() + LONGEST_SECONDS
        while due.is_due and not is_closed:
            found = list(answers(received, due.methods, is_closed=False))
            if is_enough(found, due):
                break
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                more = connection.recv(_READ)
            except ConnectionError:
                more = b""
            is_closed = not more
            received += more
        return list(answers(received, due.methods, is_closed=is_closed))


def is_enough(found: list[int], due: Asked) -> bool:
    """Tell whether nothing more has to come: all is answered, or it is HTTP no more."""
    final = [status for status in found if status >= 200 or status == 101]
    return bool(due.methods) and (len(final) >= len(due.methods) or 101 in final)


def answers(received: bytes, methods: tuple[bytes, ...], *, is_closed: bool) -> Iterator[int]:
    """Yield the statuses of the answers that came whole.

    Raises
    ------
    MalformedError
        Something is no answer, or ends before its end.
    """
    number = 0
    while received:
        head, is_whole, rest = received.partition(b"\r\n\r\n")
        if not is_whole:
            _no_more(is_closed, received)
            return
        status, fields = _head(head)
        if status == 101:
            yield status
            return
        if status < 200:
            yield status
            received = rest
            continue
        method = methods[number] if number < len(methods) else b""
        length = 0 if method == b"HEAD" or status in _WITHOUT_BODY else _length(fields, rest)
        if length is None or length > len(rest):
            _no_more(is_closed, received)
            return
        yield status
        number += 1
        received = rest[length:]


def _no_more(is_closed: bool, received: bytes) -> None:
    if is_closed:
        raise MalformedError(f"an answer ends before its end: {received[:200]!r}")


def _head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    line, *lines = head.split(b"\r\n")
    found = _STATUS_LINE.fullmatch(line)
    if found is None:
        raise MalformedError(f"a status line is {line[:100]!r}")
    fields = {}
    for each in lines:
        field = _FIELD.fullmatch(each)
        if field is None:
            raise MalformedError(f"a header field is {each[:100]!r}")
        fields[field[1].lower()] = field[2]
    return int(found[1]), fields


def _length(fields: dict[bytes, bytes], rest: bytes) -> int | None:
    """Return the bytes of a body as sent, ``None`` where it has not come whole."""
    if b"content-length" in fields:
        if b"transfer-encoding" in fields or not fields[b"content-length"].isdigit():
            raise MalformedError(f"the framing of an answer is {fields!r}")
        return int(fields[b"content-length"])
    if fields.get(b"transfer-encoding", b"").lower() != b"chunked":
        raise MalformedError(f"an answer does not tell its length: {fields!r}")
    return _chunked_length(rest)


def _chunked_length(rest: bytes) -> int | None:
    place = 0
    while True:
        found = _CHUNK.match(rest, place)
        if found is None:
            if len(rest) - place > 20:
                raise MalformedError(f"a chunk begins with {rest[place : place + 20]!r}")
            return None
        size = int(found[1], 16)
        place = found.end() + size
        if place + 2 > len(rest):
            return None
        if rest[place : place + 2] != b"\r\n":
            raise MalformedError(f"a chunk ends with {rest[place : place + 2]!r}")
        place += 2
        if not size:
            return place
