# SPDX-License-Identifier: Apache-2.0
"""The header of a file as bytes, of the same length whatever is only known at the end.

The dataset's last sequence, what is told of each frame, is made apart: it is large, and all of it
is known from the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from dicomizer.planning import Tiling
from dicomizer.writers.header.dataset import instance_dataset
from dicomizer.writers.header.image import lossy_compression
from dicomizer.writers.header.per_frame import PerFrameGroups
from dicomizer.writers.part10 import part10_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomizer.planning import ConversionPlan, InstancePlan


@dataclass(frozen=True, slots=True)
class Part:
    """One instance of a concatenation (PS3.3 C.7.6.16.2.2.4).

    Parameters
    ----------
    number
        From 1 to ``total``.
    first, stop
        Its frames among those of the whole.
    """

    concatenation_uid: str
    sop_instance_uid: str
    number: int
    total: int
    first: int
    stop: int


class Header:
    """Makes the bytes that stand before Pixel Data and its offset tables."""

    def __init__(self, plan: ConversionPlan, instance: InstancePlan) -> None:
        self._instance = instance
        self._dataset = instance_dataset(plan, instance)
        is_sparse = instance.tiling is Tiling.SPARSE
        self._groups = PerFrameGroups(instance) if is_sparse else None

    @property
    def awaits_ratio(self) -> bool:
        """Whether writing the instance loses something, by a ratio known only at the end."""
        return self._instance.lossy_method is not None

    def elements(self, ratio: float = 1.0, part: Part | None = None) -> bytes:
        """Return the file's beginning, up to what is told of each frame.

        Parameters
        ----------
        ratio
            Of the lossy compression that writing the instance does, if it loses anything; the
            result is as long for any.
        part
            What of the instance the file holds; all if ``None``.
        """
        values = lossy_compression(self._instance, ratio)
        if part is not None:
            values |= _concatenation(self._instance, part)
        dataset = _changed(self._dataset, values)
        return part10_header(dataset, self._instance.transfer_syntax)

    def frame_groups(self, first: int, stop: int) -> Iterator[bytes]:
        """Yield, in pieces, what is told of the frames; nothing for a full tiling."""
        if self._groups is not None:
            yield from self._groups.encoded(first, stop)

    def frame_groups_size(self, frames: int) -> int:
        """Return how many bytes are told of a number of frames."""
        return 0 if self._groups is None else self._groups.size(frames)


def _changed(dataset: Dataset, values: dict[str, object]) -> Dataset:
    """Return a dataset with other values; the given one keeps its own."""
    changed = Dataset()
    changed.update(dataset)
    for keyword, value in values.items():
        changed.pop(keyword, None)
        setattr(changed, keyword, value)
    return changed


def _concatenation(instance: InstancePlan, part: Part) -> dict[str, object]:
    """Return what makes a dataset that of a part; Instance Number stays (C.7.6.16.1)."""
    return {
        "SOPInstanceUID": part.sop_instance_uid,
        "SOPInstanceUIDOfConcatenationSource": instance.sop_instance_uid,
        "ConcatenationUID": part.concatenation_uid,
        "InConcatenationNumber": part.number,
        "InConcatenationTotalNumber": part.total,
        "ConcatenationFrameOffsetNumber": part.first,
        "NumberOfFrames": part.stop - part.first,
    }
