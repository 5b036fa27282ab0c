# SPDX-License-Identifier: Apache-2.0
"""The files to send, and what is known of each: read up to the size of its picture, no further.

Per-frame attributes of a large slide alone would take more memory than sending may.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.dicom.part10 import PREFIX_OFFSET
from dicomizer.dicom.uids import is_uid
from dicomizer.errors import CorruptDicomError, DicomError, NotDicomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pydicom.dataset import FileDataset

_COLUMNS = 0x00280011
_KEYWORDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
_REMEDY = "give DICOM files, or folders that hold some"


@dataclass(frozen=True, slots=True)
class Instance:
    """A Part 10 file to send.

    Parameters
    ----------
    size, modified_ns
        Of the file when it was read; one that has others when it is sent has changed.
    number_of_frames
        1 where the file does not tell.
    rows, columns
        ``None`` where the instance has no picture.
    """

    path: Path
    size: int
    modified_ns: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    number_of_frames: int
    rows: int | None
    columns: int | None


def find_instances(paths: Iterable[Path]) -> tuple[list[Instance], list[str]]:
    """Return the instances of files and folders, and notes on what was left out.

    Parameters
    ----------
    paths
        A file must be an instance; what is none in a folder is left out, and so are hidden files.

    Raises
    ------
    DicomError
        A file is not there or no instance, a folder holds none, or two differ under one UID.
    """
    found: dict[str, Instance] = {}
    notes: list[str] = []
    for path, is_named in _files(paths):
        try:
            instance = read_instance(path)
        except NotDicomError as error:
            if is_named:
                raise
            notes.append(f"left out: {error.file}: no DICOM file")
            continue
        if instance.sop_class_uid == _MEDIA_STORAGE_DIRECTORY:
            notes.append(f"left out: {path}: a directory of media is no instance")
            continue
        known = found.setdefault(instance.sop_instance_uid, instance)
        if known is not instance and not _same_content(known, instance):
            raise DicomError(
                f"has the SOP Instance UID of {known.path}, and other content",
                file=path,
                remedy="send one of them",
            )
    if not found:
        raise DicomError("found no instance to send", remedy=_REMEDY)
    return list(found.values()), notes


def read_instance(path: Path) -> Instance:
    """Return what is known of a file.

    Raises
    ------
    NotDicomError
        It is no Part 10 file.
    DicomError
        It cannot be read, or has no valid UIDs.
    """
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            file.seek(PREFIX_OFFSET)
            if file.read(4) != b"DICM":
                raise NotDicomError("found no prefix DICM at byte 128", file=path, remedy=_REMEDY)
            file.seek(0)
            dataset = _parsed(file, path)
    except OSError as error:
        raise DicomError(
            f"cannot be read: {error.strerror or error}", file=path, remedy="check the path"
        ) from error
    return _described(dataset, path, state)


def _parsed(file: object, path: Path) -> FileDataset:
    from pydicom.filereader import read_partial

    try:
        return read_partial(file, stop_when=lambda tag, _vr, _length: tag > _COLUMNS)  # type: ignore[arg-type]
    except OSError:
        raise
    except Exception as error:  # the parser raises whatever a broken file provokes
        raise CorruptDicomError(
            f"the dataset cannot be parsed: {type(error).__name__}",
            file=path,
            remedy="the file is damaged; get it again",
        ) from error


def _described(dataset: FileDataset, path: Path, state: os.stat_result) -> Instance:
    try:
        syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
        directory = str(dataset.file_meta.get("MediaStorageSOPClassUID", ""))
        if directory == _MEDIA_STORAGE_DIRECTORY:
            return Instance(path, 0, 0, "", "", "", directory, syntax, 1, None, None)
        sop_class, instance, study, series = (str(dataset.get(word) or "") for word in _KEYWORDS)
        frames = int(dataset.get("NumberOfFrames") or 1)
        rows, columns = dataset.get("Rows"), dataset.get("Columns")
    except Exception as error:  # values are parsed when they are asked for
        raise CorruptDicomError(
            f"a value cannot be parsed: {type(error).__name__}", file=path
        ) from error
    named = zip(
        (*_KEYWORDS, "TransferSyntaxUID"), (sop_class, instance, study, series, syntax), strict=True
    )
    for keyword, value in named:
        if not is_uid(value):
            raise CorruptDicomError("found no valid UID", file=path, place=keyword)
    return Instance(
        path,
        state.st_size,
        state.st_mtime_ns,
        study,
        series,
        instance,
        sop_class,
        syntax,
        frames,
        rows,
        columns,
    )


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Yield each file once, and whether it was named itself."""
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise DicomError("no such file or folder", file=path, remedy="check the path")
        if not path.is_dir() and not path.is_file():
            raise DicomError("found a device or pipe, expected a file or folder", file=path)
        for file in _below(path) if path.is_dir() else (path,):
            if (resolved := file.resolve()) not in seen:
                seen.add(resolved)
                yield file, file is path


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def _same_content(one: Instance, other: Instance) -> bool:
    from filecmp import cmp

    return cmp(one.path, other.path, shallow=False)
