# SPDX-License-Identifier: Apache-2.0
"""What a parent and its children say to each other: lines of JSON over a pair of sockets.

The parent says what to do and nothing more; that its end closes tells the child that it is gone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Request:
    """What a child shall do.

    Parameters
    ----------
    arguments
        Of the program ``dicomizer``, without its name.
    metadata
        What is known of the slide, as JSON, in place of a file named by ``--metadata``.
    keeps_states
        Whether the same conversion again shall find all done; see `dicomizer.convert`.
    """

    arguments: tuple[str, ...]
    metadata: dict[str, Any] | None = None
    keeps_states: bool = False

    def encoded(self) -> bytes:
        """Return it as a line."""
        return line(asdict(self))

    @classmethod
    def of(cls, found: dict[str, Any]) -> Request:
        """Return what `encoded` made a line of."""
        return cls(tuple(found["arguments"]), found["metadata"], found["keeps_states"])


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended.

    Parameters
    ----------
    code
        Its exit code; negative for the signal that ended it, as of `subprocess`.
    document
        What it printed on standard output, which was asked to be JSON.
    errors
        The end of what it printed on standard error.
    """

    code: int
    document: dict[str, Any] = field(default_factory=dict)
    errors: str = ""


def line(value: object) -> bytes:
    """Return a value as a line of JSON."""
    return json.dumps(value).encode() + b"\n"


def lines(connection: socket) -> Iterator[dict[str, Any]]:
    """Yield what comes over a socket until its end; lines that a crash cut short are left out."""
    rest = b""
    while chunk := _received(connection):
        *whole, rest = (rest + chunk).split(b"\n")
        for item in filter(None, whole):
            try:
                yield json.loads(item)
            except ValueError:
                continue


def _received(connection: socket) -> bytes:
    try:
        return connection.recv(_CHUNK)
    except OSError:
        return b""
