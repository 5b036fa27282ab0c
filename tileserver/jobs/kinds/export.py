# SPDX-License-Identifier: Apache-2.0
"""A study or series as one file: a ZIP with a DICOMDIR, as on exchange media, or a TIFF.

The ZIP has files as they are stored; its DICOMDIR is made of the headers alone, and pixels are
copied piece by piece.

References
----------
PS3.3 F (Basic Directory IOD), PS3.10 8 (File-sets, and names of eight characters), PS3.12 V (ZIP
over media)
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tileserver.errors import BadRequestError
from tileserver.jobs.kind import Kind, refused
from tileserver.jobs.kinds.export_tiff import CHOSEN, export_tiff
from tileserver.jobs.parameters import one_of, position, read_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from tileserver.index import StoredInstance
    from tileserver.job_queue.model import Parameters
    from tileserver.jobs.kind import Result
    from tileserver.jobs.parameters import Surroundings
    from tileserver.jobs.task import Task

_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The same study is the same ZIP again."""
_KEYS = {
    "PatientID": "UNKNOWN",
    "StudyDate": "19000101",
    "StudyTime": "000000",
    "StudyID": "1",
    "Modality": "OT",
    "SeriesNumber": 1,
    "InstanceNumber": None,
}
"""Keys of type 1 of a directory (PS3.3 F.5), where the files are free to lack them; ``None`` stands
for a number of its own. Only the directory has them, and the job's log tells."""


_SUFFIXES = {"zip": ".zip", "tiff": ".tif", "ome-tiff": ".ome.tif"}


def _check(parameters: Parameters, _: Surroundings) -> Parameters:
    chosen = dict.fromkeys(CHOSEN, position)
    found = read_below(parameters, format=one_of(*_SUFFIXES), **chosen)
    if found.get("format", "zip") == "zip" and (unfit := found.keys() & chosen.keys()):
        raise BadRequestError(f"{min(unfit)}: goes with the format tiff or ome-tiff alone")
    return found


def _run(task: Task) -> Result:
    below = task.parameters
    series, uid = below.get("series"), below.get("instance")
    instances = task.stored(str(below["study"]), str(series) if series else None)
    wanted = [item for item in instances if uid in (None, item.sop_instance_uid)]
    suffix = _SUFFIXES[str(below.get("format", "zip"))]
    return _pack_all(task, wanted) if suffix == ".zip" else export_tiff(task, wanted, suffix)


def _pack_all(task: Task, wanted: Sequence[StoredInstance]) -> Result:
    task.progress("reading headers", 0, len(wanted))
    directory, names = _directory(task, wanted)
    beside = task.folder / "result.zip"
    with beside.open("wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as packed:
            packed.writestr(zipfile.ZipInfo("DICOMDIR", _EPOCH), directory)
            for number, item in enumerate(wanted):
                task.progress("packing", number, len(wanted))
                _pack(task, packed, names[item.sop_instance_uid], item)
        file.flush()
        os.fsync(file.fileno())
    result = task.result_file()
    beside.replace(result)
    task.progress("packed", len(wanted), len(wanted))
    return {"instances": len(wanted), "bytes": result.stat().st_size, "file": result.name}


def _directory(task: Task, wanted: Sequence[StoredInstance]) -> tuple[bytes, dict[str, str]]:
    """Return a DICOMDIR, and the names that it has for the instances."""
    import pydicom
    from pydicom.fileset import FileSet

    files = FileSet()
    for number, item in enumerate(wanted, 1):
        with task.services.retrieve.opened(item) as blob:
            header = pydicom.dcmread(blob.file(), stop_before_pixels=True)
        if missing := _complete(header, number):
            task.note(f"DICOMDIR: placeholders for {', '.join(missing)} of {item.sop_instance_uid}")
        for tag in ("PerFrameFunctionalGroupsSequence", "DimensionIndexSequence"):
            header.pop(tag, None)  # of no use in a directory, and megabytes
        # The directory has all that it needs of the header itself. Its copy stays empty, as pydicom
        # writes no file of a transfer syntax that it does not know, such as those of JPEG XL.
        header.save_as = _touch  # type: ignore[method-assign, assignment]
        try:
            files.add(header)
        except (ValueError, AttributeError) as error:
            raise refused(
                f"a DICOMDIR cannot name {item.sop_instance_uid}: {_reason(error)}"
            ) from error
    folder = Path(tempfile.mkdtemp(dir=task.folder))
    try:
        files.write(folder)
        names = {str(item.SOPInstanceUID): Path(item.FileID).as_posix() for item in files}
        return (folder / "DICOMDIR").read_bytes(), names
    finally:
        shutil.rmtree(folder)


def _touch(path: str, **_: object) -> None:
    Path(path).touch()


def _reason(error: Exception) -> str:
    """Return what pydicom says of an instance, unless a value could be in it."""
    text = str(error.__cause__)
    return text if text.startswith("The instance's (") else type(error).__name__


def _complete(header: Dataset, number: int) -> list[str]:
    """Give a header the keys that a directory cannot be without; return those that it lacked."""
    missing = [keyword for keyword in _KEYS if not str(header.get(keyword, ""))]
    for keyword in missing:
        value = _KEYS[keyword]
        setattr(header, keyword, number if value is None else value)
    return missing


def _pack(task: Task, packed: zipfile.ZipFile, name: str, item: StoredInstance) -> None:
    with (
        task.services.retrieve.opened(item) as blob,
        packed.open(zipfile.ZipInfo(name, _EPOCH), "w", force_zip64=True) as copy,
    ):
        source = blob.file()
        while chunk := source.read(_CHUNK):
            copy.write(chunk)
            task.check_disk()


KIND = Kind("export", "make a file of a study: a ZIP with a DICOMDIR, or a TIFF", _check, _run)
