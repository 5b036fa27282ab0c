# SPDX-License-Identifier: Apache-2.0
"""Long texts that were compressed for an answer, kept for the next one.

The attributes of a slide of 100,000 frames are 32 megabytes of JSON, and a fortieth of that
compressed: putting them together and compressing them takes longer than sending them.

References
----------
RFC 1952 (gzip)
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_BYTES = 64 << 20
"""Of all texts together, compressed."""
_LARGEST_BYTES = MOST_BYTES // 4
_LEVEL = 1
"""Metadata repeats itself: level 1 makes a twentieth of it, level 6 takes three times as long."""
_GZIP = zlib.MAX_WBITS | 16
_PIECE = 64 << 10


@dataclass(frozen=True, slots=True)
class PackedText:
    """A text as a gzip stream.

    Parameters
    ----------
    length
        Bytes of the text as it was.
    """

    stream: bytes
    length: int

    def unpacked(self) -> Iterator[bytes]:
        """Yield the text in pieces."""
        coder = zlib.decompressobj(_GZIP)
        for start in range(0, len(self.stream), _PIECE):
            yield coder.decompress(self.stream[start : start + _PIECE])
        yield coder.flush()


class PackedTexts:
    """Compressed texts by what names them for good; safe to use from several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._texts: OrderedDict[str, PackedText] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> PackedText | None:
        """Return a text if it is here."""
        with self._lock:
            found = self._texts.get(name)
            if found is not None:
                self._texts.move_to_end(name)
            return found

    def packing(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the gzip stream of a text as its pieces come; keep it if it is not too long."""
        for _, packed in self._kept(name, pieces):
            yield packed

    def keeping(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces of a text as they come; keep it, compressed, if it is not too long."""
        for piece, _ in self._kept(name, pieces):
            yield piece

    def _kept(self, name: str, pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Yield each piece with what it adds to the gzip stream."""
        coder = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        kept: list[bytes] = []
        length = size = 0
        for piece in pieces:
            packed = coder.compress(piece)
            length += len(piece)
            size += len(packed)
            if size <= _LARGEST_BYTES:
                kept.append(packed)
            else:
                kept.clear()
            yield piece, packed
        last = coder.flush()
        if size + len(last) <= _LARGEST_BYTES:
            self._keep(name, PackedText(b"".join((*kept, last)), length))
        yield b"", last

    def _keep(self, name: str, text: PackedText) -> None:
        with self._lock:
            if name in self._texts:
                return
            self._texts[name] = text
            self._bytes += len(text.stream)
            while self._bytes > self._most_bytes:
                _, dropped = self._texts.popitem(last=False)
                self._bytes -= len(dropped.stream)
