# SPDX-License-Identifier: Apache-2.0
"""Whether the frames that come are as many, and as large, as planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dicomizer.planning import InstancePlan

Frame = tuple[bytes | memoryview, ...]
"""The value of one frame in parts, to be joined."""


class FrameCount:
    """Counts the frames of an instance.

    Parameters
    ----------
    count
        How many there are already.
    """

    def __init__(self, instance: InstancePlan, count: int = 0) -> None:
        self._expected = instance.number_of_frames
        self._length = None if instance.transfer_syntax.is_encapsulated else instance.frame_bytes
        self._count = count

    def check(self, frames: Sequence[Frame]) -> None:
        """Count the next frames.

        Raises
        ------
        ValueError
            They are too many, or one has another size than an uncompressed one.
        """
        if self._length is not None:
            self._check_lengths(frames, self._length)
        self._count += len(frames)
        if self._count > self._expected:
            self._refuse()

    def check_complete(self) -> None:
        """Raise ``ValueError`` unless all frames have come."""
        if self._count != self._expected:
            self._refuse()

    def _check_lengths(self, frames: Sequence[Frame], expected: int) -> None:
        for number, frame in enumerate(frames, start=self._count):
            length = sum(map(len, frame))
            if length != expected:
                raise ValueError(f"frame {number} has {length} bytes, not {expected}")

    def _refuse(self) -> None:
        raise ValueError(f"got {self._count} frames, expected {self._expected}")
