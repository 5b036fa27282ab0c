# SPDX-License-Identifier: Apache-2.0
"""Range requests: which bytes of a value of known length are asked for.

Pure: a header field and a length become places, or a refusal. The work is bounded before any range
is looked at.

References
----------
RFC 9110 14 (range requests)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tileserver.errors import RangeNotSatisfiableError

MOST_RANGES = 100
"""A viewer asks for one, a client that reads ahead for a few."""
_UNIT = "bytes="
_LONGEST = 64 * MOST_RANGES
_SPEC = re.compile(r"[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII)
_DIGITS = 18
_BEYOND = 10**_DIGITS
"""Any number of more digits: no value is that long."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from ``start`` to before ``stop``, at least one."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """Return the value of Content-Range."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def asked_ranges(header: str | None, size: int) -> list[ByteRange]:
    """Return the ranges that a Range header asks for, none where all is to be sent.

    A header of another unit, or one that is malformed, is ignored, as RFC 9110 14.2 says.

    Raises
    ------
    RangeNotSatisfiableError
        None of the ranges lies within ``size``; or there are more than `MOST_RANGES`, or they add
        up to more than the whole, which no client needs.
    """
    if header is None or not header.lower().startswith(_UNIT):
        return []
    text = header[len(_UNIT) :]
    if len(text) > _LONGEST or text.count(",") >= MOST_RANGES:
        raise RangeNotSatisfiableError(f"more than {MOST_RANGES} ranges are asked for", size)
    specs = [_SPEC.fullmatch(item) for item in text.split(",") if item.strip()]
    if not specs or any(spec is None or _is_backwards(spec) for spec in specs):
        return []
    found = [place for spec in specs if spec and (place := _place(spec, size))]
    if not found:
        raise RangeNotSatisfiableError(f"no range lies within the {size} bytes", size)
    if sum(place.length for place in found) > size:
        raise RangeNotSatisfiableError("the ranges add up to more than the whole", size)
    return found


def _is_backwards(spec: re.Match[str]) -> bool:
    first, last = spec.groups()
    return not (first or last) or bool(first and last and _number(last) < _number(first))


def _number(digits: str) -> int:
    """Return a number, or one that is as good where it has more digits than any place."""
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _DIGITS else _BEYOND


def _place(spec: re.Match[str], size: int) -> ByteRange | None:
    first, last = spec.groups()
    if first:
        start, stop = _number(first), min(_number(last) + 1, size) if last else size
    else:
        start, stop = max(size - _number(last), 0), size
    return ByteRange(start, stop) if start < stop else None
