# SPDX-License-Identifier: Apache-2.0
"""One instance as one file, into which its frames are written as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dicomizer.writers.dual import TiffTrailer
from dicomizer.writers.file import InstanceFile, WrittenFile
from dicomizer.writers.header import Header
from dicomizer.writers.pixel_data import layout_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from numpy.typing import NDArray

    from dicomizer.planning import ConversionPlan, InstancePlan
    from dicomizer.state import State
    from dicomizer.writers.file import Create
    from dicomizer.writers.frames import Frame


class SingleFile:
    """The one file of an instance.

    Parameters
    ----------
    open_files
        Takes what must be closed.
    state
        How far it was when a conversion was interrupted.
    """

    def __init__(
        self,
        open_files: ExitStack,
        create: Create,
        plan: ConversionPlan,
        instance: InstancePlan,
        state: State | None = None,
    ) -> None:
        self._instance = instance
        self._layout = layout_of(instance)
        header, expected = Header(plan, instance), expected_lengths(instance)
        trailer = TiffTrailer(instance) if instance.dual else None
        self._layout.head(expected)  # raises before there is a file
        file = open_files.enter_context(create(instance.file_name))
        self._file = InstanceFile(file, header, self._layout, expected, trailer=trailer)
        if state is not None:
            self._file.resume(state)

    @property
    def count(self) -> int:
        """How many frames the file has."""
        return self._file.count

    @property
    def is_movable(self) -> bool:
        """Whether `finish` will move frames, after which no earlier state is true."""
        return self._file.is_movable

    def state(self) -> State:
        """Return how far the file is."""
        return self._file.state()

    def write(self, frames: Sequence[Frame]) -> None:
        """Append frames."""
        lengths = [sum(map(len, frame)) for frame in frames]
        self._file.append((b"".join(self._layout.parts(frames)),), lengths)

    def finish(self) -> tuple[WrittenFile, ...]:
        """Complete the file."""
        instance = self._instance
        size = self._file.finish(compression_ratio(instance, self._file.lengths))
        return (
            WrittenFile(
                instance.file_name, instance.sop_instance_uid, instance.number_of_frames, size
            ),
        )


def expected_lengths(instance: InstancePlan) -> NDArray[np.uint64]:
    """Return the bytes of each frame before it comes; 0 where they are not known."""
    size = 0 if instance.transfer_syntax.is_encapsulated else instance.frame_bytes
    return np.full(instance.number_of_frames, size, dtype=np.uint64)


def compression_ratio(instance: InstancePlan, lengths: NDArray[np.uint64]) -> float:
    """Return the size of the pixels by that of the coded frames.

    Parameters
    ----------
    lengths
        ``(frames,)``, bytes of each frame.
    """
    return len(lengths) * instance.frame_bytes / max(int(lengths.sum()), 1)
