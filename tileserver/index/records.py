# SPDX-License-Identifier: Apache-2.0
"""The values that services give to the index and get from it."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomizer.dicom.encapsulation import FrameIndex
from tileserver.index.tags import PER_FRAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_LONG = 64 << 10
"""Characters from which the attributes of each frame are kept apart."""


@dataclass(frozen=True, slots=True)
class StoredFrames:
    """Where the frames of an instance lie, packed for a column.

    Parameters
    ----------
    table
        zlib over offsets (as differences) and lengths, each ``<u8``; then the bits of a frame,
        where frames need not begin at a byte.
    fragments
        JSON of the fragments of frames that have several.
    """

    table: bytes
    fragments: str | None

    @classmethod
    def pack(cls, index: FrameIndex) -> StoredFrames:
        """Pack a frame index; differences of offsets compress far better than offsets."""
        steps = np.diff(index.offsets, prepend=np.uint64(0)).astype("<u8")
        bits = index.bits.to_bytes(8, "little") if index.bits else b""
        lengths = index.lengths.astype("<u8").tobytes()
        table = zlib.compress(steps.tobytes() + lengths + bits, 1)
        fragments = json.dumps(sorted(index.fragmented.items())) if index.fragmented else None
        return cls(table, fragments)

    def unpack(self) -> FrameIndex:
        """Return the frame index."""
        values: NDArray[np.uint64] = np.frombuffer(zlib.decompress(self.table), dtype="<u8")
        steps, lengths, bits = np.split(values, [len(values) // 2, len(values) // 2 * 2])
        fragmented = {
            frame_index: tuple((offset, length) for offset, length in parts)
            for frame_index, parts in json.loads(self.fragments or "[]")
        }
        offsets = np.cumsum(steps, dtype=np.uint64)
        return FrameIndex(offsets, lengths, fragmented, int(bits[0]) if len(bits) else 0)


@dataclass(frozen=True, slots=True)
class Metadata:
    """All attributes of an instance, as DICOM JSON with marked references to binary values.

    Parameters
    ----------
    attributes
        Without those of each frame where these are long.
    text
        The same as text.
    per_frame
        Where in the text those of each frame belong, and their text; ``None`` where nothing is
        left out.
    """

    attributes: dict[str, Any]
    text: str
    per_frame: tuple[int, str] | None

    @classmethod
    def of_elements(cls, elements: Mapping[str, str]) -> Metadata:
        """Return metadata of elements as text, by tag, in order."""
        texts = {tag: f'"{tag}":{text}' for tag, text in elements.items()}
        if len(texts.get(PER_FRAME, "")) < _LONG:
            text = f"{{{','.join(texts.values())}}}"
            return cls(json.loads(text), text, None)
        element = texts.pop(PER_FRAME)
        head, tail = (
            ",".join(text for tag, text in texts.items() if (tag < PER_FRAME) == is_before)
            for is_before in (True, False)
        )
        text = f"{{{head},{tail}}}" if head and tail else f"{{{head}{tail}}}"
        inserted = f",{element}" if head else f"{element}," if tail else element
        return cls(json.loads(text), text, (1 + len(head), inserted))

    @classmethod
    def of_text(cls, text: str) -> Metadata:
        """Return metadata of all attributes as DICOM JSON text."""
        found: dict[str, Any] = json.loads(text)
        if len(text) < _LONG or PER_FRAME not in found:
            return cls(found, text, None)
        return cls.of_elements({tag: as_text(found[tag]) for tag in sorted(found)})

    def whole(self) -> str:
        """Return all attributes as text."""
        position, per_frame = self.per_frame or (0, "")
        return "".join((self.text[:position], per_frame, self.text[position:]))


def as_text(value: object) -> str:
    """Return DICOM JSON as compact text in a stable order."""
    return _encoder.encode(value)


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """All that the index keeps of an instance.

    Parameters
    ----------
    study, series
        Attributes of the upper levels, as DICOM JSON.
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
    metadata: Metadata = field(repr=False)
    frames: StoredFrames | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is stored."""

    studies: int
    series: int
    instances: int


@dataclass(frozen=True, slots=True)
class NamedBlob:
    """The blob of an instance, and what its bytes were when it was stored."""

    sop_instance_uid: str
    key: str
    sha256: bytes


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

    @property
    def path(self) -> str:
        """Where it is below the root of a service (PS3.18 10.4.1.1)."""
        return (
            f"/studies/{self.study_instance_uid}/series/{self.series_instance_uid}"
            f"/instances/{self.sop_instance_uid}"
        )
