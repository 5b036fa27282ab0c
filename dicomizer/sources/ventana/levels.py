# SPDX-License-Identifier: Apache-2.0
"""Which directories are levels: those described as ``level=0 mag=40 quality=95`` and so on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.sources.base import Refusal
from dicomizer.sources.ventana.attributes import positive

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dicomizer.sources.tiff.directory import TiffDirectory

_LARGEST_FACTOR = 1 << 16
_LARGEST_DEVIATION = 0.02
"""Magnifications are written rounded: 0.31 for 0.3125."""


@dataclass(frozen=True, slots=True)
class Level:
    """A directory that is a level, and by what factor it is smaller than level 0."""

    directory: TiffDirectory
    factor: int


def find_levels(directories: Sequence[TiffDirectory], path: Path) -> tuple[Level, ...]:
    """Return the levels, finest first.

    Raises
    ------
    CorruptSourceError
        Levels are absent or out of order, without magnification, not tiled, or not reduced by a
        power of two.
    Refusal
        There is none, or one comes more than once.
    """
    described = [(item, _properties(item.description)) for item in directories]
    levels = [(item, found) for item, found in described if "level" in found]
    if not levels:
        raise Refusal("no directory is described as a level")
    numbers = [found["level"] for _, found in levels]
    if len(set(numbers)) < len(numbers):
        raise Refusal("a level is stored more than once, as focal planes may be")
    if numbers != [str(number) for number in range(len(numbers))]:
        raise _corrupt(f"found the levels {', '.join(numbers)}, expected 0, 1 ...", path)
    finest = positive(levels[0][1].get("mag"))
    read = tuple(_level(item, found, finest, path) for item, found in levels)
    if any(fine.factor >= coarse.factor for fine, coarse in pairwise(read)):
        raise _corrupt("a level is no reduction of the one before", path)
    return read


def _properties(description: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in description.split())
    return {key: value for key, separator, value in pairs if separator}


def _level(
    directory: TiffDirectory, found: dict[str, str], finest: float | None, path: Path
) -> Level:
    magnification = positive(found.get("mag"))
    if magnification is None or finest is None:
        raise _corrupt("a level has no magnification", path, directory.place)
    if not directory.is_tiled:
        raise _corrupt("a level is not tiled", path, directory.place)
    factor = _factor(finest / magnification)
    if factor is None:
        raise _corrupt(
            f"the magnification is {magnification:g}, expected {finest:g} halved",
            path,
            directory.place,
        )
    return Level(directory, factor)


def _factor(ratio: float) -> int | None:
    """Return the power of two that a ratio of magnifications is."""
    if not 0.5 < ratio < _LARGEST_FACTOR:
        return None
    factor = 2 ** round(math.log2(ratio))
    return factor if abs(ratio / factor - 1) <= _LARGEST_DEVIATION else None


def _corrupt(problem: str, path: Path, place: str | None = None) -> CorruptSourceError:
    return CorruptSourceError(
        problem, file=path, place=place, remedy="the file is damaged; copy it again"
    )
