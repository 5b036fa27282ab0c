# SPDX-License-Identifier: Apache-2.0
"""Instance after instance, batch after batch; nothing larger than a batch is held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.writers.header import instance_dataset
from dicomizer.writers.instance import write_instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dicomizer.planning import ConversionPlan, InstancePlan
    from dicomizer.sources.base import SlideSource
    from dicomizer.targets.folder import FolderTarget


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a conversion is.

    Parameters
    ----------
    file_name
        Of the instance being written.
    frames_done, frames_total
        Over all instances.
    """

    file_name: str
    frames_done: int
    frames_total: int


@dataclass(frozen=True, slots=True)
class WrittenInstance:
    """An instance that is on disk, with the size of its file."""

    plan: InstancePlan
    file_bytes: int


def run(
    plan: ConversionPlan,
    source: SlideSource,
    target: FolderTarget,
    report: Callable[[Progress], None],
) -> tuple[WrittenInstance, ...]:
    """Write every instance of a plan.

    Raises
    ------
    SourceError
        The slide cannot be read to its end.
    TargetError
        The target cannot be written.
    """
    written = []
    done = 0
    for instance in plan.instances:
        with target.create(instance.file_name) as file:
            dataset = instance_dataset(plan, instance)
            batches = source.frames(instance.image)
            for frames in _explained(write_instance(file, dataset, instance, batches), instance):
                report(Progress(instance.file_name, done + frames, plan.number_of_frames))
            size = file.tell()
        done += instance.number_of_frames
        written.append(WrittenInstance(instance, size))
    return tuple(written)


def _explained(counts: Iterator[int], instance: InstancePlan) -> Iterator[int]:
    try:
        yield from counts
    except ValueError as error:
        raise CorruptSourceError(
            str(error), place=f"image for {instance.file_name}", remedy="the slide is damaged"
        ) from error
