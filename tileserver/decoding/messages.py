# SPDX-License-Identifier: Apache-2.0
"""What goes over the connection to a process that decodes: a frame there, samples or words back.

A picture goes like a frame; the samples of all its frames come back at once.

Answers are read as from a stranger, since a decoder that was led astray may send anything: only
samples of the frame's size and of a known type are taken, and words within a length.
"""

from __future__ import annotations

import json
import struct
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.stored_frames import PixelDescription
from tileserver.decoding.pictures import Picture

if TYPE_CHECKING:
    import socket

    from dicomizer.pixels.codecs.frame_shape import Stream
    from dicomizer.pixels.stored_frames import Samples

_REQUEST = struct.Struct("<IQ")
"""Bytes of the description as JSON, and of the stream."""
_ANSWER = struct.Struct("<cBIIII")
"""Kind; number of the type, rows, columns, samples; bytes of words."""
_PIXELS, _WORDS = b"P", b"W"
_TYPES = tuple(np.dtype(name) for name in ("u1", "u2", "u4", "i2", "i4"))
_MOST_WORDS = 1000


class ProtocolError(Exception):
    """The other side is gone, or sends what makes no sense."""


def send_frame(
    connection: socket.socket, stream: Stream, description: PixelDescription | Picture
) -> None:
    """Send a frame to be decoded."""
    told = json.dumps(asdict(description)).encode()
    connection.sendall(_REQUEST.pack(len(told), len(stream)) + told)
    connection.sendall(stream)


def receive_frame(connection: socket.socket) -> tuple[bytearray, PixelDescription | Picture] | None:
    """Return the next frame to decode, ``None`` where the other side is gone."""
    head = bytearray(_REQUEST.size)
    try:
        _receive_into(connection, memoryview(head))
    except ProtocolError:
        return None
    told_length, length = _REQUEST.unpack(head)
    told, stream = bytearray(told_length), bytearray(length)
    _receive_into(connection, memoryview(told))
    _receive_into(connection, memoryview(stream))
    read = json.loads(told)
    return stream, Picture(**read) if "media_type" in read else PixelDescription(**read)


def send_samples(connection: socket.socket, pixels: Samples) -> None:
    """Send a decoded frame back."""
    whole = np.ascontiguousarray(pixels)
    kind = _TYPES.index(whole.dtype)
    connection.sendall(_ANSWER.pack(_PIXELS, kind, *whole.shape, 0))
    connection.sendall(whole.data.cast("B"))


def send_problem(connection: socket.socket, problem: str) -> None:
    """Send back why a frame cannot be decoded."""
    words = problem.encode()[:_MOST_WORDS]
    connection.sendall(_ANSWER.pack(_WORDS, 0, 0, 0, 0, len(words)) + words)


def receive_samples(
    connection: socket.socket, description: PixelDescription | Picture, seconds: float
) -> Samples:
    """Return a decoded frame, or all of a picture.

    Raises
    ------
    CodecError
        It cannot be decoded.
    TimeoutError
        Nothing came for so long.
    ProtocolError
        The other side is gone, or sends something else.
    """
    deadline = time.monotonic() + seconds
    head = bytearray(_ANSWER.size)
    _receive_into(connection, memoryview(head), deadline)
    kind, number, rows, columns, samples, length = _ANSWER.unpack(head)
    if kind == _WORDS and length <= _MOST_WORDS:
        words = bytearray(length)
        _receive_into(connection, memoryview(words), deadline)
        text = words.decode(errors="replace")
        raise CodecError("".join(letter if letter.isprintable() else " " for letter in text))
    shape = (rows, columns, samples)
    if kind != _PIXELS or number >= len(_TYPES) or not _takes(description, shape, _TYPES[number]):
        raise ProtocolError("found something other than the samples of a frame")
    pixels = np.empty(shape, _TYPES[number])
    _receive_into(connection, pixels.data.cast("B"), deadline)
    return cast("Samples", pixels)


def _takes(
    description: PixelDescription | Picture, shape: tuple[int, int, int], sample_type: np.dtype[Any]
) -> bool:
    if isinstance(description, Picture):
        return description.takes(shape, sample_type)
    return shape == (description.rows, description.columns, description.samples)


def _receive_into(
    connection: socket.socket, view: memoryview, deadline: float | None = None
) -> None:
    while len(view):
        if deadline is not None:
            connection.settimeout(max(deadline - time.monotonic(), 1e-3))
        count = connection.recv_into(view)
        if not count:
            raise ProtocolError("the other side is gone")
        view = view[count:]
