# SPDX-License-Identifier: Apache-2.0
"""The values that services give to the index and get from it."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.dicom.encapsulation import FrameIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class StoredFrames:
    """Where the frames of an instance lie, packed for a column.

    Parameters
    ----------
    table
        zlib over offsets (as differences) and lengths, each ``<u8``.
    fragments
        JSON of the fragments of frames that have several.
    """

    table: bytes
    fragments: str | None

    @classmethod
    def pack(cls, index: FrameIndex) -> StoredFrames:
        """Pack a frame index; differences of offsets compress far better than offsets."""
        steps = np.diff(index.offsets, prepend=np.uint64(0)).astype("<u8")
        table = zlib.compress(steps.tobytes() + index.lengths.astype("<u8").tobytes(), 1)
        fragments = json.dumps(sorted(index.fragmented.items())) if index.fragmented else None
        return cls(table, fragments)

    def unpack(self) -> FrameIndex:
        """Return the frame index."""
        values: NDArray[np.uint64] = np.frombuffer(zlib.decompress(self.table), dtype="<u8")
        steps, lengths = np.split(values, 2)
        fragmented = {
            frame_index: tuple((offset, length) for offset, length in parts)
            for frame_index, parts in json.loads(self.fragments or "[]")
        }
        return FrameIndex(np.cumsum(steps, dtype=np.uint64), lengths, fragmented)


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """All that the index keeps of an instance.

    Parameters
    ----------
    study, series
        Attributes of the upper levels, as DICOM JSON.
    metadata
        All attributes, as DICOM JSON text with marked references to binary values.
    frames
        ``None`` where the instance has no frames that can be had one by one.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    key: str
    sha256: bytes
    size: int
    study: dict[str, dict[str, object]] = field(repr=False)
    series: dict[str, dict[str, object]] = field(repr=False)
    metadata: str = field(repr=False)
    frames: StoredFrames | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is stored."""

    studies: int
    series: int
    instances: int


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """Where an instance is and what it takes to serve it."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    key: str
    sha256: bytes
    size: int
