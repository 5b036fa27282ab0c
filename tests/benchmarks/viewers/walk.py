# SPDX-License-Identifier: Apache-2.0
"""A walk over a slide, the same for every viewer: drags, and changes of magnification."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

MPP_AT_1X = 10
MAGNIFICATIONS = (1, 2, 5, 10, 20, 40)
LONGEST = 0.5
"""The longest drag, in parts of the window."""
TRIES = 12
"""Of so many drags that which leads to the most tissue is taken: nobody looks at empty glass."""


@dataclass(frozen=True)
class Slide:
    """A slide in the archive.

    Parameters
    ----------
    width, height
        In pixels of the finest level.
    tissue
        Where there is some: (rows, columns) bool, over all of the slide.
    """

    study: str
    series: str
    width: int
    height: int
    mpp: float
    tissue: NDArray[np.bool_]

    def tissue_in(self, view: View, window: tuple[int, int]) -> float:
        """Return how much of the middle of a window has tissue."""
        rows, columns = self.tissue.shape
        aside, above = (length * view.resolution / 4 for length in window)
        left, right = (int(x * columns / self.width) for x in (view.x - aside, view.x + aside))
        upper, lower = (int(y * rows / self.height) for y in (view.y - above, view.y + above))
        return float(self.tissue[upper : lower + 1, left : right + 1].mean())


@dataclass(frozen=True)
class View:
    """The middle of the window in pixels of the finest level, and how many of them a pixel has."""

    x: float
    y: float
    resolution: float


@dataclass(frozen=True)
class Drag:
    """The pointer drags the slide, by pixels of the window."""

    right: int
    down: int


@dataclass(frozen=True)
class Magnify:
    """The view comes closer or goes away, about its middle, to one of the usual steps.

    Parameters
    ----------
    key
        The number of the step among those of the slide, from 1 on.
    """

    key: int
    resolution: float


Step = Drag | Magnify


def whole(slide: Slide, window: tuple[int, int]) -> View:
    """Return the view of all of a slide, as large as it can be: where a reader begins."""
    width, height = window
    resolution = max(slide.width / width, slide.height / height)
    return View(slide.width / 2, slide.height / 2, resolution)


class Walk:
    """Steps by chance, the same for the same seed; the window is never beyond the slide.

    Parameters
    ----------
    window
        Width and height in pixels.
    """

    def __init__(self, slide: Slide, window: tuple[int, int], seed: int) -> None:
        self._slide = slide
        self._window = window
        self._chance = random.Random(seed)
        self._levels = [
            Magnify(key, MPP_AT_1X / magnification / slide.mpp)
            for key, magnification in enumerate(MAGNIFICATIONS, 1)
            if MPP_AT_1X / magnification / slide.mpp > 0.9
        ]
        self._levels = [level for level in self._levels if self._room(level.resolution)]
        self.view = whole(slide, window)

    def screens(self, count: int) -> list[Step]:
        """Return steps: closer and closer, over a few screens, out again and elsewhere."""
        steps = self._screens()
        return [next(steps) for _ in range(count)]

    def pans(self) -> Iterator[Step]:
        """Give drags without end, six in a row at every magnification, all of them in turn."""
        while True:
            for level in (*self._levels, *self._levels[-2:0:-1]):
                yield self._magnified(level)
                for _ in range(6):
                    yield self._dragged()

    def _screens(self) -> Iterator[Step]:
        while True:
            for level in self._levels:
                yield self._magnified(level)
                yield self._dragged()
            for _ in range(4):
                yield self._dragged()
            for level in self._levels[-2:0:-2]:
                yield self._magnified(level)
                yield self._dragged()

    def _room(self, resolution: float) -> tuple[float, float, float, float] | None:
        """Return where the middle of the window may be: left, right, upper, lower."""
        right, down = (length * resolution / 2 + 1 for length in self._window)
        room = (right, self._slide.width - right, down, self._slide.height - down)
        return room if room[0] <= room[1] and room[2] <= room[3] else None

    def _magnified(self, level: Magnify) -> Magnify:
        """Change the magnification as far as the middle is away enough from the edge."""
        room = self._room(level.resolution)
        assert room
        left, right, upper, lower = room
        if not (left <= self.view.x <= right and upper <= self.view.y <= lower):
            return self._magnified(self._next_closer(level))
        self.view = replace(self.view, resolution=level.resolution)
        return level

    def _next_closer(self, level: Magnify) -> Magnify:
        return self._levels[self._levels.index(level) + 1]

    def _dragged(self) -> Drag:
        drags = [drag for drag in (self._any_drag() for _ in range(200)) if self._after(drag)]
        drag = max(drags[:TRIES], key=self._tissue_after)
        self.view = self._after(drag) or self.view
        return drag

    def _any_drag(self) -> Drag:
        width, height = self._window
        right, down = (self._chance.uniform(-LONGEST, LONGEST) for _ in range(2))
        return Drag(round(right * width), round(down * height))

    def _after(self, drag: Drag) -> View | None:
        """Return the view after a drag; ``None`` where it is beyond the slide."""
        room = self._room(self.view.resolution)
        x = self.view.x - drag.right * self.view.resolution
        y = self.view.y - drag.down * self.view.resolution
        is_there = room and room[0] <= x <= room[1] and room[2] <= y <= room[3]
        return replace(self.view, x=x, y=y) if is_there else None

    def _tissue_after(self, drag: Drag) -> float:
        view = self._after(drag)
        return self._slide.tissue_in(view, self._window) if view else 0
