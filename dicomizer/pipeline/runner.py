# SPDX-License-Identifier: Apache-2.0
"""A plan carried out: instances passed through one by one, and chains of levels made in a pass.

Nothing larger than a batch of frames is held, but for the coded frames of a row of blocks.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.pipeline.chain import chains
from dicomizer.pipeline.marks import Marks, chain_state, of_level
from dicomizer.planning import Route, Tiling
from dicomizer.writers.instance import InstanceWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from dicomizer.pipeline.chain import Chain
    from dicomizer.planning import ConversionPlan, InstancePlan
    from dicomizer.sources.base import Frame, SlideSource
    from dicomizer.state import State
    from dicomizer.targets.folder import FolderTarget
    from dicomizer.writers.file import WrittenFile

    Steps = Generator[tuple[str, int], None, None]
    """Yield the file that is worked on, and the number of frames that are new in it."""


_MOST_THREADS = 8
"""Beyond about that many the interpreter's lock lets no more work at the same time."""


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
class Outcome:
    """What a run has written.

    Parameters
    ----------
    resumed_frames
        How many of the frames an interrupted run had made.
    """

    instances: tuple[WrittenInstance, ...]
    resumed_frames: int


@dataclass(frozen=True, slots=True)
class WrittenInstance:
    """An instance that is on disk, in one file or in the parts of a concatenation."""

    plan: InstancePlan
    files: tuple[WrittenFile, ...]

    @property
    def file_bytes(self) -> int:
        """Size of its files."""
        return sum(file.file_bytes for file in self.files)


def default_threads() -> int:
    """Return how many threads to use: one for each core that this process may run on."""
    return min(len(os.sched_getaffinity(0)), _MOST_THREADS)


def run(
    plan: ConversionPlan,
    source: SlideSource,
    target: FolderTarget,
    report: Callable[[Progress], None],
    threads: int,
    tell: Callable[[WrittenInstance], None] = lambda _: None,
) -> Outcome:
    """Write every instance of a plan.

    Parameters
    ----------
    threads
        That decode and encode.
    tell
        Called when an instance is on disk, though not yet in its place.

    Raises
    ------
    SourceError
        The slide cannot be read to its end.
    TargetError
        The target cannot be written.
    """
    running = _Run(plan, source, target, threads, tell)
    done = 0
    for name, frames in running.steps():
        done += frames
        report(Progress(name, done, plan.number_of_frames))
    written = running.written
    instances = (WrittenInstance(item, written[item.file_name]) for item in plan.instances)
    return Outcome(tuple(instances), running.resumed)


class _Run:
    def __init__(
        self,
        plan: ConversionPlan,
        source: SlideSource,
        target: FolderTarget,
        threads: int,
        tell: Callable[[WrittenInstance], None],
    ) -> None:
        self._plan = plan
        self._tell = tell
        self._source = source
        self._target = target
        self._threads = threads
        self._marks = Marks(target.journal, plan.number_of_frames)
        self.written: dict[str, tuple[WrittenFile, ...]] = {}
        self.resumed = 0

    def steps(self) -> Steps:
        """Do all, and yield what is worked on and how many frames of it are new.

        Stored frames are copied while other threads make those of the chains.
        """
        yield from _alternating(self._made(), self._copied())

    def _copied(self) -> Steps:
        # The coarsest first: who is told of each as it is done can soon show the whole slide.
        for instance in sorted(self._plan.instances, key=lambda item: item.number_of_frames):
            if instance.route in (Route.PASSTHROUGH, Route.RECOMPRESS):
                with _explained(instance.file_name):
                    yield from self._one(instance)

    def _made(self) -> Steps:
        for chain in chains(self._plan.instances):
            outputs = [item for item in chain.outputs if item is not None]
            with _explained(outputs[0].file_name):
                yield from self._chain(chain, outputs[-1].file_name)

    def _one(self, instance: InstancePlan) -> Steps:
        """Write an instance whose frames are not decoded."""
        name = instance.file_name
        with self._writer(instance, self._marks.load(name)) as writer:
            yield name, self._resumed([writer])
            for batch in self._batches(instance, writer.resumed):
                writer.write(batch)
                self._marks.count(name, len(batch), writer.state)
                yield name, len(batch)
            self._finish(name, writer, instance)

    def _batches(self, instance: InstancePlan, first: int) -> Iterator[list[Frame]]:
        """Yield the frames of an instance from the given one on."""
        sparse = instance.tiling is Tiling.SPARSE
        indices = instance.frame_indices[first:] if sparse or first else None
        batches = self._source.frames(instance.image, indices)
        if instance.route is Route.RECOMPRESS:
            from dicomizer.pipeline.recompress import recompressed

            batches = recompressed(batches, instance, self._threads)
        if sparse or not instance.image.missing:
            return batches
        from dicomizer.pipeline.blank import Blanks

        return Blanks(instance).fill(batches, first)

    def _chain(self, chain: Chain, name: str) -> Steps:
        """Write the instances of a chain at the same time."""
        from dicomizer.pipeline.pyramid import PyramidPass

        part, spool = f"chain to {name}", self._target.spool
        saved = self._marks.load(part)
        with contextlib.ExitStack() as stack:
            writers = [
                None
                if item is None
                else stack.enter_context(self._writer(item, of_level(saved, level)))
                for level, item in enumerate(chain.outputs)
            ]
            passing = PyramidPass(chain, self._source, writers, self._threads, spool)
            if saved is not None:
                passing.resume(saved)
                yield name, self._resumed([item for item in writers if item is not None])
            for frames in passing.run():
                self._marks.count(part, frames, lambda: chain_state(passing, writers))
                yield name, frames
            for writer, instance in zip(writers, chain.outputs, strict=True):
                if writer is not None and instance is not None:
                    self._finish(part, writer, instance)

    def _writer(
        self, instance: InstancePlan, state: State | None
    ) -> contextlib.closing[InstanceWriter]:
        target = self._target
        return contextlib.closing(
            InstanceWriter(target.create, self._plan, instance, spool=target.spool, state=state)
        )

    def _resumed(self, writers: Sequence[InstanceWriter]) -> int:
        """Count the frames that are there before any is made."""
        frames = sum(writer.resumed for writer in writers)
        self.resumed += frames
        return frames

    def _finish(self, part: str, writer: InstanceWriter, instance: InstancePlan) -> None:
        if writer.is_movable:
            self._target.journal.forget(part)
        files = self.written[instance.file_name] = writer.finish()
        self._tell(WrittenInstance(instance, files))


def _alternating(*generators: Steps) -> Steps:
    """Take a step of each in turn until all are done; a failure of one ends the others."""
    with contextlib.ExitStack() as stack:
        for generator in generators:
            stack.callback(generator.close)
        running = deque(generators)
        while running:
            generator = running.popleft()
            with contextlib.suppress(StopIteration):
                step = next(generator)
                running.append(generator)
                yield step


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise CorruptSourceError(
            str(error), place=f"image for {name}", remedy="the slide is damaged"
        ) from error
