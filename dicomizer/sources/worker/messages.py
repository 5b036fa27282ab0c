# SPDX-License-Identifier: Apache-2.0
"""What a worker and its child say to each other: some JSON and some bytes, each with its length.

Nothing that is read is ever executed, as it would be with pickle: the child has parsed a file
that nobody trusts.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LENGTHS = struct.Struct("<IQ")
_MOST_JSON = 16 << 20
_MOST_PAYLOAD = 256 << 20


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a reply.

    Parameters
    ----------
    values
        What JSON can hold.
    payload
        Bytes such as pixels.
    """

    values: Mapping[str, object]
    payload: bytes = field(default=b"", repr=False)


def write_message(stream: IO[bytes], message: Message) -> None:
    """Write a message and flush it.

    Raises
    ------
    OSError
        Nobody reads the stream any more.
    """
    # ASCII escapes keep the lone surrogates by which Python names files that are not UTF-8.
    text = json.dumps(message.values, ensure_ascii=True).encode("ascii")
    stream.write(_LENGTHS.pack(len(text), len(message.payload)) + text)
    stream.write(message.payload)
    stream.flush()


def read_message(stream: IO[bytes]) -> Message:
    """Read a message.

    Raises
    ------
    EOFError
        The stream ends before or within it.
    ValueError
        It is longer than any message, or no JSON object.
    """
    text_length, payload_length = _LENGTHS.unpack(_read(stream, _LENGTHS.size))
    if text_length > _MOST_JSON or payload_length > _MOST_PAYLOAD:
        raise ValueError(f"a message of {text_length} + {payload_length} bytes is too long")
    values = json.loads(_read(stream, text_length))
    if not isinstance(values, dict):
        raise ValueError("a message is no JSON object")
    return Message(values, _read(stream, payload_length))


def _read(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError(f"found {len(data)} bytes, expected {length}")
    return data
