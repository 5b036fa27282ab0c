# SPDX-License-Identifier: Apache-2.0
"""What a browser's screen showed and when, and how soon of it the slide could be read.

Frames come from the compositor (CDP `Page.startScreencast`) whatever draws them, with the time at
which each was shown. They are judged by what was on the screen when it had come to rest, in the
part of the window in which no viewer lays anything over the slide.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BLOCK = 16
"""Pixels on a side: of such blocks the means are compared for a first useful picture."""
GLASS = 225
"""A block that is lighter is empty glass, which a blank page shows as well."""
USEFUL_LEVELS, USEFUL_PART = 24, 0.95
"""Blocks of tissue whose mean is so near to the final one, and how many of them must be."""
SHARP_LEVELS, SHARP_PART = 12, 0.999
"""Pixels that are so near to the final ones, and how many must be: JPEG adds a little noise."""


@dataclass(frozen=True)
class Seen:
    """A screen that came to rest.

    Parameters
    ----------
    useful, sharp
        Seconds since the epoch.
    picture
        The final one, (rows, columns, 3) uint8 RGB.
    """

    useful: float
    sharp: float
    picture: NDArray[np.uint8]


class Film:
    """Records the screen of a page.

    Parameters
    ----------
    session
        Of the browser's own protocol, on the page.
    part
        Left, upper, right and lower edge of what is judged, in pixels.
    """

    def __init__(self, session: Any, part: tuple[int, int, int, int]) -> None:
        self._session = session
        self._part = part
        self._frames: list[tuple[float, str]] = []
        session.on("Page.screencastFrame", self._keep)

    def start(self) -> None:
        """Begin to record."""
        self._session.send("Page.startScreencast", {"format": "jpeg", "quality": 90})

    def stop(self) -> None:
        """Record no longer: it takes some of the time that drawing wants."""
        self._session.send("Page.stopScreencast")

    def _keep(self, event: dict[str, Any]) -> None:
        self._frames.append((event["metadata"]["timestamp"], event["data"]))
        self._session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    @property
    def last(self) -> float:
        """When the screen last changed, in seconds since the epoch; 0 where it never did."""
        return self._frames[-1][0] if self._frames else 0

    def take(self, since: float) -> Seen:
        """Judge what was shown since a time, and forget it, but for the frame shown at the end."""
        frames, self._frames = self._frames, self._frames[-1:]
        # What was on the screen at that time counts from then on.
        shown = [(max(when, since), self._picture(data)) for when, data in frames]
        final = shown[-1][1]
        return Seen(
            useful=_first_for_good(shown, lambda picture: is_useful(picture, final)),
            sharp=_first_for_good(shown, lambda picture: is_sharp(picture, final)),
            picture=final,
        )

    def _picture(self, data: str) -> NDArray[np.uint8]:
        image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
        return np.asarray(image.crop(self._part))


def _first_for_good(shown: list[tuple[float, Any]], holds: Any) -> float:
    """Return when it began to hold until the end."""
    first = shown[-1][0]
    for when, picture in reversed(shown):
        if not holds(picture):
            break
        first = when
    return first


def block_means(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the mean colours of the blocks of a picture: (rows, columns, 3)."""
    rows, columns = (length // BLOCK for length in picture.shape[:2])
    whole = picture[: rows * BLOCK, : columns * BLOCK].astype(float)
    means: NDArray[np.float64] = whole.reshape(rows, BLOCK, columns, BLOCK, 3).mean((1, 3))
    return means


def is_useful(picture: NDArray[np.uint8], final: NDArray[np.uint8]) -> bool:
    """Tell whether tissue can be told from glass, and one tissue from another."""
    wanted = block_means(final)
    is_tissue = wanted.min(axis=2) < GLASS
    if not is_tissue.any():
        return is_sharp(picture, final)
    near = abs(block_means(picture) - wanted).max(axis=2) < USEFUL_LEVELS
    return bool(near[is_tissue].mean() >= USEFUL_PART)


def is_sharp(picture: NDArray[np.uint8], final: NDArray[np.uint8]) -> bool:
    """Tell whether nothing is left to come."""
    near = abs(picture.astype(np.int16) - final).max(axis=2) <= SHARP_LEVELS
    return bool(near.mean() >= SHARP_PART)
