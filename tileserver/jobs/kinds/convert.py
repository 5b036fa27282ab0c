# SPDX-License-Identifier: Apache-2.0
"""An uploaded slide to stored instances: `dicomizer convert` in a process, then the way in of all.

Instances are stored as they are done, the coarsest levels first, so that the slide can be opened
while it is still being converted. UIDs are made of the slide and this archive's secret, so that
the same slide is the same instances again, byte for byte: an attempt that was broken off is gone
on with, and a slide that is uploaded twice is stored once. If the conversion fails at last, what
it has stored is taken back.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dicomizer.dicom.schema.json import metadata_from_json
from dicomizer.errors import MetadataError
from tileserver.errors import BadRequestError, NotFoundError
from tileserver.job_queue.places import FILES, is_whole, upload_folder
from tileserver.jobs.kind import Kind, refused
from tileserver.jobs.kinds.slide_files import find_slide, is_zip, unpack
from tileserver.jobs.parameters import mapping, one_of, read, truth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tileserver.job_queue.model import Made, Parameters
    from tileserver.jobs.kind import Result
    from tileserver.jobs.parameters import Read, Surroundings
    from tileserver.jobs.task import Task

_LEVELS = ("stored", "dyadic", "all")
_CODECS = ("keep", "jpeg", "jpeg2000", "htj2k", "jpegls", "jxl", "rle", "none")
_LONGEST_METADATA = 1 << 20
_LONGEST_NAME = 255


def check_options(options: Parameters) -> Parameters:
    """Return what is asked of a conversion with its upload, and whether it is to be verified.

    Raises
    ------
    BadRequestError
        It makes no sense.
    """
    return read(options, {}, {**_OPTIONS, "verify": truth})


def _check(parameters: Parameters, surroundings: Surroundings) -> Parameters:
    upload = parameters.get("upload")
    if not is_whole(upload_folder(surroundings.data, upload)):
        raise NotFoundError("there is no such upload that is whole")
    options = {name: value for name, value in parameters.items() if name != "upload"}
    return {"upload": upload, **read(options, {}, _OPTIONS)}


def _mpp(name: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1000:
        return float(value)
    raise BadRequestError(f"{name}: expected micrometres per pixel, above 0 and up to 1000")


def _name(name: str, value: object) -> str:
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable():
        return value
    raise BadRequestError(f"{name}: expected a line of 1 to {_LONGEST_NAME} characters")


def _metadata(name: str, value: object) -> Mapping[str, object]:
    found = mapping(name, value)
    if len(json.dumps(found)) > _LONGEST_METADATA:
        raise BadRequestError(f"{name}: longer than {_LONGEST_METADATA >> 20} MiB")
    try:
        metadata_from_json(dict(found))  # type: ignore[arg-type]
    except MetadataError as error:
        raise BadRequestError(str(error)) from error
    return found


_OPTIONS: Mapping[str, Read] = {
    "name": _name,
    "metadata": _metadata,
    "mpp": _mpp,
    "levels": one_of(*_LEVELS),
    "codec": one_of(*_CODECS),
}


def source_of(task: Task) -> Path:
    """Return the slide of the upload that a job is about, unpacked where it is packed.

    Raises
    ------
    JobError
        There is none that could be converted.
    """
    folder = upload_folder(task.settings.data, task.parameters["upload"]) / FILES
    if not folder.is_dir():
        raise refused("the upload is gone; send it again")
    found = find_slide(folder, "the upload")
    if found.is_dir() or not is_zip(found):
        return found
    unpacked, is_done = task.folder / "unpacked", task.folder / "unpacked.done"
    if not is_done.exists():
        task.progress("unpacking")
        unpack(found, unpacked, task.settings.job_disk_bytes, task.check_disk)
        is_done.touch()
    return find_slide(unpacked, "the ZIP")


def _run(task: Task) -> Result:
    storing = _Storing(task)
    document = _document_of_before(task)
    if document is None:
        document = _converted(task, storing)
    names = [name for item in document["instances"] for name in item["files"]]
    for number, name in enumerate(names):
        task.progress("storing", number, len(names))
        storing.store(task.folder / "out" / name)
    task.progress("stored", len(names), len(names))
    return {
        "study": document["study_instance_uid"],
        "series": document["series_instance_uid"],
        "instances": {name: storing.uids[name] for name in names},
        "format": document["format"],
        "notes": document["notes"],
        "seconds": document["seconds"],
    }


def _document_of_before(task: Task) -> dict[str, Any] | None:
    """Return what an attempt said that had converted all, and was broken off while it stored."""
    try:
        found: dict[str, Any] = json.loads((task.folder / "converted.json").read_text())
    except FileNotFoundError:
        return None
    return found


def _converted(task: Task, storing: _Storing) -> dict[str, Any]:
    source = source_of(task)
    task.progress("opening")

    def on_event(event: Mapping[str, Any]) -> None:
        if event["event"] == "progress":
            task.progress(event["file"], event["frames_done"], event["frames_total"])
        elif event["event"] == "written":
            storing.store_early([Path(name) for name in event["files"]])

    out = task.folder / "out"
    document = task.dicomizer(
        "convert", str(source), str(out), "--events", "--json", "--overwrite",
        "--uids", "stable", "--uid-key", task.secret, *_options(task),
        on_event=on_event,
    )  # fmt: skip
    _write_durably(task.folder / "converted.json", json.dumps(document))
    return document


def _options(task: Task) -> list[str]:
    arguments = []
    if "metadata" in task.parameters:
        path = task.folder / "metadata.json"
        path.write_text(json.dumps(task.parameters["metadata"]))
        arguments += ["--metadata", str(path)]
    for name in ("mpp", "levels", "codec"):
        if name in task.parameters:
            arguments += [f"--{name}", str(task.parameters[name])]
    return arguments


class _Storing:
    """Stores files of one conversion, each once; what is new is written down before."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.uids: dict[str, str] = {}
        """SOP Instance UID of each file that is stored."""

    def store_early(self, files: Sequence[Path]) -> None:
        """Store files that are whole, while others are still being written."""
        for path in files:
            final = self._task.folder / "out" / path.name
            # They move to their places when the last is whole, maybe just now.
            for place in (path, final):
                try:
                    self.store(place)
                except FileNotFoundError:
                    continue
                break

    def store(self, path: Path) -> None:
        """Store a file."""
        if path.name in self.uids:
            return
        with path.open("rb") as file:
            made = _uids(path)
            if not self._is_stored(made):
                self._task.intend([made])
            self._task.services.ingest.add_file(file)
        self.uids[path.name] = made[2]

    def _is_stored(self, made: Made) -> bool:
        try:
            self._task.services.retrieve.instance(*made)
        except NotFoundError:
            return False
        return True


def _uids(path: Path) -> Made:
    import pydicom

    keywords = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"]
    found = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=keywords)
    return str(found.StudyInstanceUID), str(found.SeriesInstanceUID), str(found.SOPInstanceUID)


def _write_durably(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    with beside.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


KIND = Kind(
    "convert", "convert an uploaded slide and store it", _check, _run, most_at_once=2, attempts=3
)
