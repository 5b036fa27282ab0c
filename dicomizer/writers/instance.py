# SPDX-License-Identifier: Apache-2.0
"""One instance written as a stream: header, frames in order, offset table filled in at the end.

The number of frames is known before the first, so the table's place is kept free and its values
are written there when the frames' lengths are known. Only a batch of frames is held at a time.

References
----------
PS3.10 7 (file format), PS3.5 A.4 (encapsulated Pixel Data), PS3.3 C.7.6.3.1.8 (offset tables)
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

import dicomizer
from dicomizer.dicom import encapsulation, uids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from dicomizer.planning import InstancePlan

    Frame = tuple[bytes | memoryview, ...]

_EXTENDED_TABLE_THRESHOLD = encapsulation.BASIC_OFFSET_LIMIT - (1 << 24)
"""Estimated size of Pixel Data from which the 64-bit table is used; the margin covers what is
not known beforehand, such as padding."""
_HEADER_ALLOWANCE = 1024
"""Bytes that a frame may grow by its completed header."""


def write_instance(
    file: BinaryIO, dataset: Dataset, plan: InstancePlan, batches: Iterable[list[Frame]]
) -> Iterator[int]:
    """Write a whole instance and yield the number of frames after each batch.

    Parameters
    ----------
    file
        Empty and seekable.
    dataset
        All but Pixel Data and offset tables.
    batches
        Frames in the order of the standard: row by row from the top left (PS3.3 C.7.6.17.3).

    Raises
    ------
    ValueError
        The batches hold another number of frames than planned, or a frame of another size.
    OSError
        The file cannot be written.
    """
    file.write(_part10_header(dataset, plan))
    if plan.transfer_syntax.is_encapsulated:
        yield from _write_encapsulated(file, plan, batches)
    else:
        yield from _write_native(file, plan, batches)


def _part10_header(dataset: Dataset, plan: InstancePlan) -> bytes:
    """Return preamble, file meta information and dataset."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.filewriter import dcmwrite
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(plan.transfer_syntax.value)
    meta.ImplementationClassUID = UID(uids.IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = f"COVERSLIP_{dicomizer.__version__}"[:16]
    dataset.file_meta = meta
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _write_native(
    file: BinaryIO, plan: InstancePlan, batches: Iterable[list[Frame]]
) -> Iterator[int]:
    length = plan.frame_bytes * plan.number_of_frames
    file.write(b"\xe0\x7f\x10\x00OB\x00\x00" + struct.pack("<I", length + length % 2))
    count = 0
    for batch in batches:
        for frame in batch:
            value = b"".join(frame)
            if len(value) != plan.frame_bytes:
                raise ValueError(f"frame {count} has {len(value)} bytes, not {plan.frame_bytes}")
            file.write(value)
            count += 1
        yield count
    _check_count(count, plan)
    file.write(bytes(length % 2))


def _write_encapsulated(
    file: BinaryIO, plan: InstancePlan, batches: Iterable[list[Frame]]
) -> Iterator[int]:
    table = _Table(file, plan)
    lengths = np.zeros(plan.number_of_frames, dtype=np.uint64)
    count = 0
    for batch in batches:
        parts, written = _items(batch)
        lengths[count : count + len(batch)] = written[: plan.number_of_frames - count]
        count += len(batch)
        file.write(b"".join(parts))
        yield count
    _check_count(count, plan)
    file.write(encapsulation.SEQUENCE_DELIMITER)
    table.fill(lengths)


def _items(batch: list[Frame]) -> tuple[list[bytes | memoryview], list[int]]:
    """Return the items of a batch as parts to be joined, and the length of each frame."""
    parts: list[bytes | memoryview] = []
    lengths = []
    for frame in batch:
        length = sum(map(len, frame))
        lengths.append(length)
        parts.append(encapsulation.item_header(length + length % 2))
        parts += frame
        if length % 2:
            parts.append(b"\0")
    return parts, lengths


def _check_count(count: int, plan: InstancePlan) -> None:
    if count != plan.number_of_frames:
        raise ValueError(f"got {count} frames, expected {plan.number_of_frames}")


class _Table:
    """The offset table of a file being written: kept free first, filled last."""

    def __init__(self, file: BinaryIO, plan: InstancePlan) -> None:
        self._file = file
        frames = plan.number_of_frames
        estimate = plan.image.coding.coded_bytes + frames * _HEADER_ALLOWANCE
        self._is_extended = estimate > _EXTENDED_TABLE_THRESHOLD
        self._start = file.tell()
        file.write(self._layout(np.zeros(frames, dtype=np.uint64)))

    def fill(self, lengths: NDArray[np.uint64]) -> None:
        """Write the table for frames of the given lengths into its place."""
        end = self._file.tell()
        self._file.seek(self._start)
        self._file.write(self._layout(lengths))
        self._file.seek(end)

    def _layout(self, lengths: NDArray[np.uint64]) -> bytes:
        """Return the bytes between dataset and first frame."""
        items = lengths + lengths % np.uint64(2)
        if not self._is_extended:
            return encapsulation.PIXEL_DATA_HEADER + encapsulation.basic_offset_table(items)
        offsets, values = encapsulation.extended_offset_table(items)
        return b"".join(
            (
                _very_long_element(0x0001, offsets),
                _very_long_element(0x0002, values),
                encapsulation.PIXEL_DATA_HEADER,
                encapsulation.item_header(0),
            )
        )


def _very_long_element(element: int, value: bytes) -> bytes:
    """Return an element of group 7FE0 and VR OV in explicit VR little endian."""
    return struct.pack("<HH2sHI", 0x7FE0, element, b"OV", 0, len(value)) + value
