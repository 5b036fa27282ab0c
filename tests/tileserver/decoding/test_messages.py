# SPDX-License-Identifier: Apache-2.0
"""Frames and samples go over a connection; what a stranger sends is taken for nothing else."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from coded_frames import CASES, NATIVE, RGB, color

from dicomizer.pixels.codecs.errors import CodecError
from tileserver.decoding.messages import (
    ProtocolError,
    receive_frame,
    receive_samples,
    send_frame,
    send_problem,
    send_samples,
)
from tileserver.decoding.pictures import GIF, PNG, Picture

DESCRIPTION = color(NATIVE)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("name", CASES)
def test_frames_and_samples_arrive_as_they_were_sent(pair, name):
    ours, theirs = pair
    stream, description, pixels = CASES[name]

    send_frame(ours, stream, description)
    assert receive_frame(theirs) == (stream, description)
    send_samples(theirs, pixels)
    found = receive_samples(ours, description, seconds=10)

    assert found.dtype == pixels.dtype
    assert np.array_equal(found, pixels)


def test_samples_of_many_packets_arrive_whole(pair):
    ours, theirs = pair
    description = color(NATIVE, rows=700, columns=900)
    pixels = np.random.default_rng(3).integers(0, 256, (700, 900, 3), dtype=np.uint8)

    thread = threading.Thread(target=send_samples, args=(theirs, pixels))
    thread.start()
    found = receive_samples(ours, description, seconds=30)
    thread.join()

    assert np.array_equal(found, pixels)


def test_a_problem_arrives_as_an_error_in_one_printable_line(pair):
    ours, theirs = pair

    send_problem(theirs, "found 3 bits\r\nINFO forged\x1b[31m")

    with pytest.raises(CodecError, match=r"^found 3 bits  INFO forged \[31m$"):
        receive_samples(ours, DESCRIPTION, seconds=10)


def answer(kind: bytes, number: int, *shape: int, words: int = 0) -> bytes:
    return struct.pack("<cBIIII", kind, number, *shape, words)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"P",
        answer(b"P", 0, 25, 32, 3) + bytes(25 * 32 * 3),
        answer(b"P", 0, 1 << 31, 1 << 31, 3),
        answer(b"P", 5, 24, 32, 3) + bytes(24 * 32 * 3),
        answer(b"P", 0, 24, 32, 3) + RGB.tobytes()[:-1],
        answer(b"X", 0, 24, 32, 3) + RGB.tobytes(),
        answer(b"W", 0, 0, 0, 0, words=1 << 31) + b"words",
        answer(b"W", 0, 0, 0, 0, words=9) + b"words",
    ],
)
def test_a_stranger_is_not_believed(pair, sent):
    ours, theirs = pair

    theirs.sendall(sent)
    theirs.shutdown(socket.SHUT_WR)

    with pytest.raises(ProtocolError):
        receive_samples(ours, DESCRIPTION, seconds=10)


PICTURE = Picture(PNG, 24, 32)


@pytest.mark.parametrize("picture", [PICTURE, Picture(GIF, 24, 32)])
def test_pictures_and_all_their_frames_arrive_as_they_were_sent(pair, picture):
    ours, theirs = pair
    frames = np.concatenate([RGB, RGB[::-1]]) if picture.media_type == GIF else RGB

    send_frame(ours, b"stream", picture)
    assert receive_frame(theirs) == (b"stream", picture)
    send_samples(theirs, frames)
    assert np.array_equal(receive_samples(ours, picture, seconds=10), frames)


@pytest.mark.parametrize(
    "sent",
    [
        answer(b"P", 0, 0, 32, 3),
        answer(b"P", 0, 25, 32, 3) + bytes(25 * 32 * 3),
        answer(b"P", 0, 24, 31, 3) + bytes(24 * 31 * 3),
        answer(b"P", 0, 24, 32, 2) + bytes(24 * 32 * 2),
        answer(b"P", 0, 48, 32, 3) + bytes(48 * 32 * 3),
        answer(b"P", 2, 24, 32, 1) + bytes(24 * 32 * 4),
        answer(b"P", 0, 1 << 31, 32, 3),
    ],
)
def test_of_a_picture_a_stranger_is_not_believed_either(pair, sent):
    ours, theirs = pair

    theirs.sendall(sent)
    theirs.shutdown(socket.SHUT_WR)

    with pytest.raises(ProtocolError):
        receive_samples(ours, PICTURE, seconds=10)


def test_who_says_nothing_is_not_waited_for(pair):
    ours, theirs = pair
    theirs.sendall(answer(b"P", 0, 24, 32, 3))

    with pytest.raises(TimeoutError):
        receive_samples(ours, DESCRIPTION, seconds=0.05)


def test_a_closed_connection_has_no_more_frames(pair):
    ours, theirs = pair
    ours.close()

    assert receive_frame(theirs) is None
