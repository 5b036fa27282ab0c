# SPDX-License-Identifier: Apache-2.0
"""A slide file to DICOM: open, plan, run."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.errors import DicomizerError
from dicomizer.options import ConvertOptions
from dicomizer.pipeline import Progress, WrittenInstance, default_threads, run
from dicomizer.planning import plan
from dicomizer.sources.registry import open_source
from dicomizer.targets.folder import FolderTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dicomizer.planning import ConversionPlan


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion has written.

    Parameters
    ----------
    seconds
        By the wall clock.
    """

    plan: ConversionPlan
    folder: Path
    instances: tuple[WrittenInstance, ...]
    seconds: float

    @property
    def file_bytes(self) -> int:
        """Size of all files."""
        return sum(instance.file_bytes for instance in self.instances)


def convert(
    slide: Path,
    folder: Path,
    options: ConvertOptions | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> Conversion:
    """Convert a slide file to DICOM instances in a folder, all or none.

    Parameters
    ----------
    report
        Called after each batch of frames.

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
        planned = plan(source.slide, options)
        with FolderTarget(folder, overwrite=options.overwrite) as target:
            written = run(planned, source, target, report, options.threads or default_threads())
    return Conversion(planned, folder, written, time.perf_counter() - start)


@contextlib.contextmanager
def _naming(slide: Path) -> Iterator[None]:
    """Name the slide in errors of those that know only its frames or its plan."""
    try:
        yield
    except DicomizerError as error:
        error.file = error.file or str(slide)
        raise
