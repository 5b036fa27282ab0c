# SPDX-License-Identifier: Apache-2.0
"""Frames made unsound: the header of RLE, the segments of JPEG, JPEG-LS and JPEG 2000, bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator

_EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
_STARTS = (b"\xff\xd8", b"\xff\x4f")
_ALONE = (0x4F, 0x93, 0xD8, 0xD9, *range(0xD0, 0xD8))
_SCANS = (0x93, 0xDA)
_RLE_HEADER = 64


def mutated_stream(stream: bytes, chance: random.Random) -> bytes:
    """Return a frame with something wrong in it."""
    if stream[:2] in _STARTS and chance.random() < 0.7:
        return _of_segments(stream, chance)
    if len(stream) > _RLE_HEADER and stream[1:4] == bytes(3) and chance.random() < 0.7:
        return _of_rle(stream, chance)
    return _of_bytes(stream, chance)


def _of_bytes(stream: bytes, chance: random.Random) -> bytes:
    if not stream:
        return b"\0\0"
    found = bytearray(stream)
    for _ in range(chance.choice([1, 1, 3, 10])):
        near = min(int(abs(chance.gauss(0, 60))), len(found) - 1)
        found[chance.choice([near, chance.randrange(len(found))])] = chance.randrange(256)
    if chance.random() < 0.2:
        del found[chance.randrange(len(found)) :]
    return bytes(found)


def _of_rle(stream: bytes, chance: random.Random) -> bytes:
    """Write over the number of segments, or where one begins (PS3.5 G.5)."""
    place = 4 * chance.choice([0, 0, 1, 2, 3, 4, 15])
    extreme = chance.choice([*_EXTREMES, len(stream), len(stream) - 1, 63, 65])
    return stream[:place] + extreme.to_bytes(4, "little") + stream[place + 4 :]


def _of_segments(stream: bytes, chance: random.Random) -> bytes:
    """Change, take out, double or exchange segments, or cut within one."""
    segments = list(_segments(stream))
    place = chance.randrange(len(segments))
    kind = chance.randrange(7)
    if kind == 0:
        del segments[place]
    elif kind == 1:
        segments.insert(chance.randrange(len(segments)), segments[place])
    elif kind == 2:
        other = chance.randrange(len(segments))
        segments[place], segments[other] = segments[other], segments[place]
    elif kind == 3:
        segments[place] = segments[place][: chance.randrange(len(segments[place]) + 1)]
    else:
        segments[place] = _written_over(segments[place], chance)
    return b"".join(segments)


def _written_over(segment: bytes, chance: random.Random) -> bytes:
    """Put an extreme number into a segment: its length, sizes, counts of components and levels."""
    size = chance.choice([1, 2, 4])
    place = chance.randrange(min(len(segment), 60))
    extreme = chance.choice(_EXTREMES) & (1 << 8 * size) - 1
    return segment[:place] + extreme.to_bytes(size, "big") + segment[place + size :]


def _segments(stream: bytes) -> Iterator[bytes]:
    """Yield the segments of a stream, what is coded as the last."""
    position = 0
    while position + 4 <= len(stream) and stream[position] == 0xFF:
        marker = stream[position + 1]
        size = 2
        if marker not in _ALONE:
            size += int.from_bytes(stream[position + 2 : position + 4], "big")
        yield stream[position : position + size]
        position += size
        if marker in _SCANS:
            break
    yield stream[position:]
