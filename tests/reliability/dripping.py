# SPDX-License-Identifier: Apache-2.0
"""Slides that come into a folder in pieces, and are renamed, replaced and taken away there."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import slides

Size = tuple[int, int]
"""Width and height: by these the DICOM tells which slide it was made of."""
_AT_ONCE = 6


def size_of(number: int) -> Size:
    """Return a size that no other slide has."""
    return 130 + number % 40, 90 + number // 40


@dataclass
class Drip:
    """Brings slides, one small action after the other.

    Parameters
    ----------
    stock
        Where slides are made.
    expected
        Sizes of those that stay, each to be converted once.
    withdrawn
        Of those that were taken away or replaced, each to be converted once or never.
    """

    inbox: Path
    stock: Path
    count: int
    moments: random.Random
    expected: set[Size] = field(default_factory=set)
    withdrawn: set[Size] = field(default_factory=set)
    _number: int = 0

    def actions(self) -> Iterator[None]:
        """Act once at each step, until all is brought."""
        left = [self._brought(number) for number in range(self.count)]
        left.reverse()
        under_way: list[Iterator[None]] = []
        while left or under_way:
            while left and len(under_way) < _AT_ONCE:
                under_way.append(left.pop())
            chosen = self.moments.choice(under_way)
            try:
                next(chosen)
                yield
            except StopIteration:
                under_way.remove(chosen)

    def _brought(self, number: int) -> Iterator[None]:
        """Bring a slide in one of the ways in which slides come."""
        size, data = self._made()
        folder = self.inbox / ("", "monday", "monday/room 2")[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"slide {number}.svs"
        way = number % 8
        if way == 1:  # under another name until it is whole
            partial = path.with_suffix(".part")
            yield from self._written(partial, data)
            partial.rename(path)
        elif way == 2:  # renamed while it may be converted
            yield from self._written(path, data)
            yield
            _moved(path, path.with_name(f"renamed {number}.svs"))
        elif way == 3:  # replaced by another, at once
            yield from self._written(path, data)
            self.withdrawn.add(size)
            size, data = self._made()
            partial = path.with_suffix(".new")
            yield from self._written(partial, data)
            partial.replace(path)
        elif way == 4:  # written over, in place
            yield from self._written(path, data)
            self.withdrawn.add(size)
            size, data = self._made()
            yield from self._written(path, data)
        elif way == 5:  # taken away, before or after it is whole
            self.withdrawn.add(size)
            yield from self._written(path, data)
            path.unlink(missing_ok=True)
            size, data = self._made()
            yield from self._written(path, data)
        elif way == 6:  # there twice
            yield from self._written(path, data)
            yield from self._written(path.with_name(f"copy of {number}.svs"), data)
        elif way == 7:  # open for writing all the time
            with path.open("wb") as file:
                for piece in self._pieces(data):
                    file.write(piece)
                    file.flush()
                    yield
        else:
            yield from self._written(path, data)
        self.expected.add(size)

    def _written(self, path: Path, data: bytes) -> Iterator[None]:
        """Write in pieces; the file is closed between them, as on a file server."""
        path.write_bytes(b"")
        for piece in self._pieces(data):
            yield
            with path.open("ab") as file:
                file.write(piece)

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        cuts = sorted(self.moments.randrange(len(data)) for _ in range(self.moments.randrange(4)))
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            yield data[start:end]

    def _made(self) -> tuple[Size, bytes]:
        """Return a slide that was never there before."""
        size = size_of(self._number)
        self._number += 1
        path = self.stock / "made.svs"
        slides.write_svs(path, size=size, factors=(1,), associated=False)
        return size, path.read_bytes()


def _moved(path: Path, target: Path) -> None:
    """Rename a file, unless it was taken in and put aside already."""
    try:
        path.rename(target)
    except FileNotFoundError:
        shutil.rmtree(target, ignore_errors=True)
