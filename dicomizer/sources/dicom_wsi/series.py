# SPDX-License-Identifier: Apache-2.0
"""Which files are one slide: those of a series, found beside each other in a folder.

A folder may be large and its files too, so that only the beginning of each is looked at, and a
header is parsed only where the beginning has what is sought.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from dicomizer.dicom.part10 import PREFIX_OFFSET, Part10Header, PixelDataPlace, read_header
from dicomizer.dicom.schema.read_values import items, text
from dicomizer.dicom.uids import VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE
from dicomizer.errors import (
    CorruptDicomError,
    CorruptSourceError,
    DicomError,
    NotDicomError,
    SourceError,
)
from dicomizer.sources.base import Refusal
from dicomizer.sources.dicom_wsi.positions import FramePositions, cut_positions, positions_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset

_LOOKED_AT = 1 << 16
"""Bytes from the start of a file within which the UID of its series stands: only groups 0002 to
0020 come before it."""
_FOLDER_LIMIT = 10_000
_SERIES_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class WsiFile:
    """A file of a series: its dataset up to the pixels, and where these are.

    Parameters
    ----------
    dataset
        Perhaps with the functional groups of the first frame only.
    positions
        Of all frames; ``None`` where they do not say.
    """

    path: Path
    dataset: Dataset
    transfer_syntax_uid: str
    pixel_data: PixelDataPlace
    positions: FramePositions | None

    @property
    def series_uid(self) -> str:
        """What makes files one slide."""
        return str(self.dataset.get("SeriesInstanceUID") or "")

    def corrupt(self, problem: str, place: str | None = None) -> CorruptSourceError:
        """Return an error about this file."""
        return CorruptSourceError(
            problem, file=self.path, place=place, remedy="the file is damaged; get it again"
        )


def read_series(path: Path) -> tuple[list[WsiFile], list[str]]:
    """Return the files of the series that a file belongs to, or that a folder holds.

    Returns
    -------
    files
        The one that ``path`` names first, the others by name.
    notes
        A sentence for each thing left out.

    Raises
    ------
    Refusal
        No DICOM, or no whole slide microscopy.
    SourceError
        The folder holds several series, or the series is too large or damaged.
    """
    return _of_folder(path) if path.is_dir() else _of_file(path)


def _of_file(path: Path) -> tuple[list[WsiFile], list[str]]:
    first = _read(path)
    if isinstance(first, str):
        raise Refusal(first)
    if not first.series_uid:
        return [first], ["the file does not tell its series: taken alone"]
    sought = first.series_uid.encode("ascii", "replace")
    files, notes = [first], []
    paths, note = _files_beside(path.parent)
    notes += note
    for other in paths:
        if other.name == path.name or sought not in _beginning(other):
            continue
        found = _read(other)
        if isinstance(found, WsiFile) and found.series_uid == first.series_uid:
            files.append(found)
    return _checked(files), notes


def _of_folder(path: Path) -> tuple[list[WsiFile], list[str]]:
    paths, notes = _files_beside(path)
    files: list[WsiFile] = []
    reasons: list[str] = []
    for one in paths:
        if not _has_prefix(_beginning(one)):
            continue
        found = _read(one)
        if isinstance(found, WsiFile):
            _checked(files).append(found)
        else:
            reasons.append(f"{one.name} left out: {found}")
    if not files:
        raise Refusal(reasons[0] if reasons else "the folder holds no DICOM file")
    series = {file.series_uid for file in files}
    if len(series) > 1:
        raise SourceError(
            f"the folder holds {len(series)} series of whole slide images, expected one",
            file=path,
            remedy="name one file of the series that is wanted",
        )
    return files, notes + reasons


def _checked(files: list[WsiFile]) -> list[WsiFile]:
    if len(files) > _SERIES_LIMIT:
        raise SourceError(
            f"the series has more than {_SERIES_LIMIT:,} files", file=files[0].path.parent
        )
    return files


def _files_beside(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the files of a folder by name, and a note where there are too many."""
    found: list[Path] = []
    for number, path in enumerate(_children(folder)):
        if number >= _FOLDER_LIMIT:
            note = f"only {_FOLDER_LIMIT:,} files of the folder were looked at for the series"
            return sorted(found), [note]
        if path.is_file():
            found.append(path)
    return sorted(found), []


def _children(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError as error:
        raise SourceError(error.strerror or str(error), file=folder) from error


def _beginning(path: Path) -> bytes:
    """Return the first bytes of a file; none of one that cannot be read, as it is no concern."""
    try:
        with path.open("rb") as file:
            return file.read(_LOOKED_AT)
    except OSError:
        return b""


def _has_prefix(beginning: bytes) -> bool:
    return beginning[PREFIX_OFFSET : PREFIX_OFFSET + 4] == b"DICM"


def _read(path: Path) -> WsiFile | str:
    """Return a file of whole slide microscopy, or why it is none."""
    from pydicom import config

    try:
        # Reading is tolerant, and pydicom's warnings show values that may name a patient.
        with warnings.catch_warnings(), config.disable_value_validation(), path.open("rb") as file:
            warnings.simplefilter("ignore")
            header, positions = _read_header(file)
    except NotDicomError as error:
        return f"no DICOM: {error.problem}"
    except CorruptDicomError as error:
        raise CorruptSourceError(
            error.problem, file=path, place=error.place, remedy=error.remedy
        ) from error
    sop_class = text(header.dataset, "SOPClassUID") or ""
    if sop_class != VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE:
        return f"{_class_name(sop_class)}, no whole slide image"
    if header.pixel_data is None:
        return "a whole slide image without pixel data that can be reached"
    return WsiFile(path, header.dataset, header.transfer_syntax_uid, header.pixel_data, positions)


def _read_header(file: BinaryIO) -> tuple[Part10Header, FramePositions | None]:
    """Read header and positions: quickly where that can be, otherwise all as it stands."""
    cut = cut_positions(file)
    if cut is not None:
        rest, removed, positions = cut
        try:
            header = read_header(rest)
        except DicomError:
            pass  # what was taken for positions was none
        else:
            return _moved(header, removed), positions
    header = read_header(file)
    return header, positions_of(items(header.dataset, "PerFrameFunctionalGroupsSequence"))


def _moved(header: Part10Header, by: int) -> Part10Header:
    place = header.pixel_data
    if place is None:
        return header
    return replace(header, pixel_data=replace(place, offset=place.offset + by))


def _class_name(sop_class: str) -> str:
    from pydicom import config
    from pydicom.uid import UID

    return UID(sop_class, config.IGNORE).name or "an instance without SOP class"
