# SPDX-License-Identifier: Apache-2.0
"""Frames of an image, read by a team in runs of a few tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dicomizer.slide import SlideImage
    from dicomizer.sources.base import Frame
    from dicomizer.sources.worker.messages import Message
    from dicomizer.sources.worker.team import Team

_BATCH_BYTES = 4 << 20


def batches(
    team: Team,
    image: SlideImage,
    indices: Sequence[int],
    request: Callable[[SlideImage, Sequence[int]], Message],
) -> Iterator[list[Frame]]:
    """Yield frames in batches; missing ones are not asked for.

    Parameters
    ----------
    request
        Makes the request whose reply has the given frames, one behind the other.

    Raises
    ------
    CorruptSourceError
        As of `Worker.receive`.
    """
    length = max(_BATCH_BYTES // image.frame_bytes, 1)
    runs = range(0, len(indices), length)

    def stored(start: int) -> list[int]:
        run = indices[start : start + length]
        return [index for index in run if index not in image.missing]

    replies = team.replies(
        (request(image, present), f"{image.key}, frame {present[0]}")
        for start in runs
        if (present := stored(start))
    )
    for start in runs:
        payload = memoryview(next(replies).payload if stored(start) else b"")
        yield _frames(image, indices[start : start + length], payload)
    # Lets the workers go back to where the next reading finds them.
    next(replies, None)


def _frames(image: SlideImage, indices: Sequence[int], payload: memoryview) -> list[Frame]:
    frames: list[Frame] = []
    size = image.frame_bytes
    for index in indices:
        if index in image.missing:
            frames.append(())
        else:
            frames.append((payload[:size],))
            payload = payload[size:]
    return frames
