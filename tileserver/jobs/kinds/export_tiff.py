# SPDX-License-Identifier: Apache-2.0
"""A stored slide as one file with a pyramid, TIFF or OME-TIFF, by `dicomizer export`.

JPEG and JPEG 2000 frames become tiles as they are, and JPEG XL made of JPEG the identical JPEG
stream; what else was coded anew is in the job's log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.errors import JobError
from tileserver.jobs.kinds.handed_out import hand_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tileserver.index import StoredInstance
    from tileserver.jobs.kind import Result
    from tileserver.jobs.task import Task


CHOSEN = ("scan", "optical_path", "plane")
"""Parameters that say which of several a TIFF has, from 1."""


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _in_words_of_jobs(error: JobError) -> JobError:
    """Return an error that names parameters of the job where dicomizer named its options."""
    text = str(error).replace(", or write .ome.tif", ", or the format ome-tiff")
    for name in CHOSEN:
        text = text.replace(_option(name), name)
    return JobError(text, may_pass=error.may_pass)


def export_tiff(task: Task, wanted: Sequence[StoredInstance], suffix: str) -> Result:
    """Make the job's file of the slide that instances are.

    Parameters
    ----------
    suffix
        Of the file: ``.tif`` or ``.ome.tif``, by which its format is chosen.

    Raises
    ------
    JobError
        The instances are no slide, or more than one, or have no room in a TIFF.
    """
    names = {f"{number}.dcm": item for number, item in enumerate(wanted)}
    folder = hand_out(task, names, "to-export")
    out = task.folder / f"result{suffix}"
    task.progress("opening")

    def on_event(event: Mapping[str, object]) -> None:
        if event["event"] == "progress":
            task.progress(
                "exporting", int(str(event["frames_done"])), int(str(event["frames_total"]))
            )

    arguments = [str(folder), str(out), "--overwrite", "--events", "--json"]
    for name in CHOSEN:
        if name in task.parameters:
            arguments += [_option(name), str(task.parameters[name])]
    try:
        document = task.dicomizer("export", *arguments, on_event=on_event)
    except JobError as error:
        raise _in_words_of_jobs(error) from error
    for note in document["notes"]:
        task.note(note)
    result = task.result_file(suffix)
    out.replace(result)
    return {
        "instances": len(wanted),
        "bytes": result.stat().st_size,
        "file": result.name,
        "notes": document["notes"],
    }
