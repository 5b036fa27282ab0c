# SPDX-License-Identifier: Apache-2.0
"""One instance as several files, none larger than allowed: a concatenation.

How many frames a file can take is known only when they have come, and every file tells how many
files there are. So the frames go to a spool, and are copied from it in the end. What fits into one
file becomes no concatenation. Each part tells the places of its frames (TILED_SPARSE), so that a
reader that has not all parts shows those it has where they belong.

References
----------
PS3.3 7.5.1, C.7.6.16.2.2.4 (concatenations)
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from dicomizer.dicom.encapsulation import BASIC_OFFSET_LIMIT
from dicomizer.errors import TargetError
from dicomizer.planning import Tiling
from dicomizer.writers.dual import TiffTrailer
from dicomizer.writers.file import InstanceFile, WrittenFile
from dicomizer.writers.header import Header, Part
from dicomizer.writers.pixel_data import LARGEST_NATIVE, EncapsulatedLayout, layout_of
from dicomizer.writers.room import pieces
from dicomizer.writers.single import compression_ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import ExitStack

    from numpy.typing import NDArray

    from dicomizer.planning import ConversionPlan, InstancePlan
    from dicomizer.writers.file import Create, Spool
    from dicomizer.writers.frames import Frame
    from dicomizer.writers.pixel_data import Layout

_LARGEST_TOTAL = 0xFFFF
"""In-concatenation Total Number has 16 bits."""
_LONGEST_UID = "2.25." + "9" * 39


def divide(costs: NDArray[np.int64], room: int) -> list[tuple[int, int]]:
    """Return the first frame of each file and that behind its last.

    Parameters
    ----------
    costs
        ``(frames,)``, bytes that each frame takes of a file; at most ``room`` each.
    room
        Bytes that a file has for frames.
    """
    ends = np.cumsum(costs)
    bounds: list[tuple[int, int]] = []
    first, used = 0, 0
    while first < len(ends):
        stop = int(np.searchsorted(ends, used + room, side="right"))
        bounds.append((first, stop))
        first, used = stop, int(ends[stop - 1])
    return bounds


class DividedFiles:
    """The files of an instance that must not be larger than ``instance.max_bytes``.

    Parameters
    ----------
    open_files
        Takes what must be closed.
    spool
        Opens a file that nobody else sees.
    """

    def __init__(
        self,
        open_files: ExitStack,
        create: Create,
        spool: Spool,
        plan: ConversionPlan,
        instance: InstancePlan,
    ) -> None:
        assert instance.max_bytes is not None
        self._create, self._plan, self._instance = create, plan, instance
        self._max_bytes = instance.max_bytes
        self._layout = layout_of(instance)
        self._lengths = np.zeros(instance.number_of_frames, dtype=np.uint64)
        self._count = 0
        self._trailer = TiffTrailer(instance) if instance.dual else None
        self._spool = open_files.enter_context(spool())

    count = 0
    """Of frames from an interrupted conversion: its spool is gone."""
    is_movable = False

    def state(self) -> None:
        """Return ``None``: it cannot be continued."""

    def write(self, frames: Sequence[Frame]) -> None:
        """Spool frames."""
        stop = self._count + len(frames)
        self._lengths[self._count : stop] = [sum(map(len, frame)) for frame in frames]
        self._count = stop
        self._spool.write(b"".join(self._layout.parts(frames)))

    def finish(self) -> tuple[WrittenFile, ...]:
        """Copy the frames to their files."""
        self._layout = self._narrow(self._layout)
        self._spool.seek(0)
        whole = Header(self._plan, self._instance)
        if self._layout.fits(self._lengths) and self._whole_size(whole) <= self._max_bytes:
            return (self._write(self._instance.file_name, whole, None),)
        return tuple(self._write_parts())

    def _narrow(self, layout: Layout) -> Layout:
        """Return the layout with the smallest offset table that any file can do with."""
        if not isinstance(layout, EncapsulatedLayout):
            return layout
        largest = min(self._max_bytes, int(layout.sizes(self._lengths).sum()))
        return EncapsulatedLayout(is_extended=largest > BASIC_OFFSET_LIMIT)

    def _whole_size(self, header: Header) -> int:
        """Return how large a file of all frames would be, at most."""
        frames = len(self._lengths)
        trailer = self._trailer.largest_size() if self._trailer else 0
        groups = header.frame_groups_size(frames)
        size = len(header.elements()) + groups + self._head_size(frames) + trailer
        return size + int(self._layout.sizes(self._lengths).sum()) + self._layout.largest_tail

    def _write_parts(self) -> Iterator[WrittenFile]:
        if self._trailer is not None:
            self._refuse("a TIFF cannot be divided", "leave out --dual or --max-instance-size")
        header = Header(self._plan, _sparse(self._instance))
        bounds = self._bounds(header)
        uids, name = self._plan.occasion.uids, PurePath(self._instance.file_name)
        concatenation = uids.uid(f"concatenation {name}")
        for number, (first, stop) in enumerate(bounds, start=1):
            uid = uids.uid(f"part {number} of {name}")
            part = Part(concatenation, uid, number, len(bounds), first, stop)
            yield self._write(f"{name.stem}-part-{number}{name.suffix}", header, part)

    def _write(self, name: str, header: Header, part: Part | None) -> WrittenFile:
        lengths = self._lengths[part.first : part.stop] if part else self._lengths
        with self._create(name) as file:
            written = InstanceFile(
                file, header, self._layout, lengths, part=part, trailer=self._trailer
            )
            written.append(pieces(self._spool, int(self._layout.sizes(lengths).sum())), lengths)
            size = written.finish(compression_ratio(self._instance, self._lengths))
        uid = part.sop_instance_uid if part else self._instance.sop_instance_uid
        return WrittenFile(name, uid, len(lengths), size)

    def _bounds(self, header: Header) -> list[tuple[int, int]]:
        costs, fixed = self._costs(header), self._fixed_size(header)
        room = self._max_bytes - fixed
        if not self._instance.transfer_syntax.is_encapsulated:
            room = min(room, LARGEST_NATIVE)
        largest = int(costs.max())
        if largest > room:
            self._refuse(
                f"a file of one frame has {fixed + largest:,} bytes, {self._max_bytes:,} are "
                "allowed",
                "give a larger --max-instance-size",
            )
        bounds = divide(costs, room)
        if len(bounds) > _LARGEST_TOTAL:
            self._refuse(
                f"{len(bounds):,} files would be needed, a concatenation may have "
                f"{_LARGEST_TOTAL:,}",
                "give a larger --max-instance-size",
            )
        return bounds

    def _costs(self, header: Header) -> NDArray[np.int64]:
        """Return what each frame takes of a file, with its entries in tables."""
        table = self._head_size(1) - self._head_size(0)
        groups = header.frame_groups_size(1) - header.frame_groups_size(0)
        return self._layout.sizes(self._lengths).astype(np.int64) + table + groups

    def _fixed_size(self, header: Header) -> int:
        """Return what a file takes besides its frames, at most."""
        longest = Part(_LONGEST_UID, _LONGEST_UID, 1, 1, 0, len(self._lengths))
        elements = len(header.elements(part=longest)) + header.frame_groups_size(0)
        return elements + self._head_size(0) + self._layout.largest_tail

    def _head_size(self, frames: int) -> int:
        return len(self._layout.head(np.zeros(frames, dtype=np.uint64)))

    def _refuse(self, problem: str, remedy: str) -> NoReturn:
        raise TargetError(problem, place=self._instance.file_name, remedy=remedy)


def _sparse(instance: InstancePlan) -> InstancePlan:
    """Return the instance with the place of each frame told."""
    if instance.tiling is Tiling.SPARSE:
        return instance
    # All frames are written, even those that the source lacked.
    image = replace(instance.image, missing=frozenset())
    return replace(instance, image=image, tiling=Tiling.SPARSE)
