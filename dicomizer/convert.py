# SPDX-License-Identifier: Apache-2.0
"""A slide file to DICOM: open, plan, run."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.dicom.uids import Uids
from dicomizer.errors import CorruptSourceError, DicomizerError
from dicomizer.job import Job
from dicomizer.options import ConvertOptions, OnBadTile, UidChoice
from dicomizer.pipeline import Progress, WrittenInstance, default_threads, run
from dicomizer.pipeline.repair import RepairedSource
from dicomizer.planning import Occasion, Route, plan
from dicomizer.sources.registry import open_source
from dicomizer.targets.folder import FolderTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dicomizer.pipeline.repair import BadTile
    from dicomizer.planning import ConversionPlan
    from dicomizer.targets.journal import Journal


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion has written.

    Parameters
    ----------
    seconds
        By the wall clock.
    resumed_frames
        How many of the frames a conversion had made that was interrupted.
    bad_tiles
        That something else is in the place of, whichever run found them.
    """

    plan: ConversionPlan
    folder: Path
    instances: tuple[WrittenInstance, ...]
    seconds: float
    resumed_frames: int = 0
    bad_tiles: tuple[BadTile, ...] = ()

    @property
    def file_bytes(self) -> int:
        """Size of all files."""
        return sum(instance.file_bytes for instance in self.instances)


def convert(
    slide: Path,
    folder: Path,
    options: ConvertOptions | None = None,
    report: Callable[[Progress], None] = lambda _: None,
    *,
    keeps_states: bool = False,
    tell: Callable[[Sequence[Path]], None] = lambda _: None,
) -> Conversion:
    """Convert a slide file to DICOM instances in a folder, all or none.

    Parameters
    ----------
    report
        Called after each batch of frames.
    keeps_states
        Whether the same conversion to the same folder shall find all done and give the same
        instances again; hidden files in the folder tell it.
    tell
        Called with the files of each instance that is on disk, where they are until all are.

    Raises
    ------
    SourceError
        The slide cannot be read, or not by any reader.
    TargetError
        The folder cannot be written to.
    """
    options = options or ConvertOptions()
    start = time.perf_counter()
    with _naming(slide), open_source(slide) as source:
        # UIDs depend on whether codecs decide on the result; a plan is cheap, and reads no pixels.
        routes = {item.route for item in plan(source.slide, options).instances}
        job = Job(source, options, is_coded=routes != {Route.PASSTHROUGH})
        with FolderTarget(
            folder, overwrite=options.overwrite, job=job.fingerprint, keeps_states=keeps_states
        ) as target:
            planned = plan(source.slide, options, _occasion(job, options, target.journal))
            threads = options.threads or default_threads()
            repaired = RepairedSource(source, options.on_bad_tile, threads, target.journal)

            def tell_files(written: WrittenInstance) -> None:
                tell([target.partial_path(file.name) for file in written.files])

            try:
                outcome = run(planned, repaired, target, report, threads, tell_files)
            except DicomizerError as error:
                # What is read half old and half new looks damaged.
                job.check_unchanged()
                if isinstance(error, CorruptSourceError):
                    _offer_repair(error, options)
                raise
            job.check_unchanged()
    seconds = time.perf_counter() - start
    return Conversion(
        planned,
        folder,
        outcome.instances,
        seconds,
        resumed_frames=outcome.resumed_frames,
        bad_tiles=repaired.bad_tiles,
    )


def _offer_repair(error: CorruptSourceError, options: ConvertOptions) -> None:
    """Tell of the option that goes on without a tile that is damaged."""
    if options.on_bad_tile is OnBadTile.FAIL:
        other = "--on-bad-tile blank or resample goes on without a damaged tile"
        error.remedy = f"{error.remedy}; {other}" if error.remedy else other


def _occasion(job: Job, options: ConvertOptions, journal: Journal) -> Occasion:
    """Return where UIDs and the time come from: of an interrupted conversion, those it had."""
    if options.uids is UidChoice.STABLE:
        return Occasion(Uids(job.stable_key()), None)
    return Occasion(Uids(journal.key), journal.moment)


@contextlib.contextmanager
def _naming(slide: Path) -> Iterator[None]:
    """Name the slide in errors of those that know only its frames or its plan."""
    try:
        yield
    except DicomizerError as error:
        error.file = error.file or str(slide)
        raise
