# SPDX-License-Identifier: Apache-2.0
"""One Part 10 file, written as a stream.

The number of frames is known before the first, so the place of header and offset table is kept
free, and what they lack is written there in the end. Only a batch of frames is held at a time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from dicomizer.errors import TargetError
from dicomizer.writers.pixel_data import EncapsulatedLayout
from dicomizer.writers.room import make_room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from dicomizer.state import State
    from dicomizer.writers.dual import TiffTrailer
    from dicomizer.writers.header import Header, Part
    from dicomizer.writers.pixel_data import Layout

    Create = Callable[[str], AbstractContextManager[BinaryIO]]
    Spool = Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of an instance, or of a part of one."""

    name: str
    sop_instance_uid: str
    number_of_frames: int
    file_bytes: int


class InstanceFile:
    """A file that takes frames.

    Parameters
    ----------
    file
        To be written, read and positioned; what it holds is written over.
    expected
        ``(frames,)`` uint64, bytes of each frame; 0 where that is not known yet.
    part
        What of the instance the file holds; all if ``None``.
    trailer
        Makes the file a TIFF as well.
    """

    def __init__(
        self,
        file: BinaryIO,
        header: Header,
        layout: Layout,
        expected: NDArray[np.uint64],
        *,
        part: Part | None = None,
        trailer: TiffTrailer | None = None,
    ) -> None:
        self._file, self._header, self._layout = file, header, layout
        self._part, self._trailer = part, trailer
        self._lengths = expected.copy()
        self._count = 0
        first = part.first if part else 0
        head = layout.head(expected)
        file.write(header.elements(part=part))
        file.writelines(header.frame_groups(first, first + len(expected)))
        self._pixel_data = file.tell()
        file.write(head)
        self._frames = file.tell()

    @property
    def count(self) -> int:
        """How many frames the file has."""
        return self._count

    @property
    def lengths(self) -> NDArray[np.uint64]:
        """Bytes of each frame, ``(frames,)`` uint64."""
        return self._lengths

    def append(self, pieces: Iterable[bytes], lengths: Sequence[int] | NDArray[np.uint64]) -> None:
        """Append frames.

        Parameters
        ----------
        pieces
            The frames as the layout has them.
        lengths
            Bytes of each frame's value.
        """
        stop = self._count + len(lengths)
        self._lengths[self._count : stop] = lengths
        self._count = stop
        self._file.writelines(pieces)

    @property
    def is_movable(self) -> bool:
        """Whether `finish` will move frames, after which no earlier state is true."""
        return not self._layout.fits(self._lengths)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return how far the file is, with all that was appended in the care of the system."""
        self._file.flush()
        return {
            "end": np.array([self._file.tell()], np.uint64),
            "lengths": self._lengths[: self._count],
        }

    def resume(self, state: State) -> None:
        """Go on where an interrupted conversion was, as `state` told it.

        Raises
        ------
        TargetError
            The file is not as far as that.
        """
        lengths, end = state["lengths"], int(state["end"][0])
        if not self._frames <= end <= self._file.seek(0, os.SEEK_END):
            raise TargetError(
                "what an interrupted conversion left is damaged", remedy="convert the slide again"
            )
        self._count = len(lengths)
        self._lengths[: self._count] = lengths
        self._file.seek(end)

    def finish(self, ratio: float) -> int:
        """Write what follows the frames, and complete what stands before them.

        Parameters
        ----------
        ratio
            Of the lossy compression that making the frames was, if it lost anything.

        Returns
        -------
        size
            Of the file.
        """
        self._file.truncate()
        self._ensure_offsets_fit()
        self._file.write(self._layout.tail(self._lengths))
        preamble = b"" if self._trailer is None else self._write_trailer(self._trailer)
        size = self._file.tell()
        self._overwrite(self._pixel_data, self._layout.head(self._lengths))
        if self._header.awaits_ratio:
            self._overwrite(0, self._header.elements(ratio, self._part))
        self._overwrite(0, preamble)
        return size

    def _overwrite(self, place: int, data: bytes) -> None:
        self._file.seek(place)
        self._file.write(data)

    def _write_trailer(self, trailer: TiffTrailer) -> bytes:
        """Append the TIFF directories, and return what the preamble says of them."""
        sizes = self._layout.sizes(self._lengths)
        ends = np.cumsum(sizes, dtype=np.uint64) + np.uint64(self._frames)
        offsets = ends - sizes + np.uint64(self._layout.lead)
        self._file.seek(int(offsets[0]))
        first_frame = self._file.read(int(self._lengths[0]))
        self._file.seek(int(ends[-1]) + len(self._layout.tail(self._lengths)))
        element, preamble = trailer.encoded(self._file.tell(), offsets, self._lengths, first_frame)
        self._file.write(element)
        return preamble

    def _ensure_offsets_fit(self) -> None:
        """Move the frames where more came than the offset table was laid out for."""
        if self._layout.fits(self._lengths):
            return
        self._layout = EncapsulatedLayout(is_extended=True)
        head = self._layout.head(self._lengths)
        room = self._pixel_data + len(head) - self._frames
        make_room(self._file, self._frames, room)
        self._frames += room
