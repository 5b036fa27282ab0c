# SPDX-License-Identifier: Apache-2.0
"""Which files are a slide together, and which files of a folder are slides: by names, unopened."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from dicomizer.sources.folders import is_dicom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLIDE_SUFFIXES = frozenset(
    {
        ".bif", ".czi", ".dcm", ".i2syntax", ".isyntax", ".mrxs", ".ndpi", ".qptiff", ".scn",
        ".svs", ".svslide", ".tif", ".tiff", ".vms", ".vmu", ".vsi",
    }
)  # fmt: skip
"""Of the files that are slides when a folder is named; a flat picture has to be named itself."""
_LOOKED_AT = 32
"""Files of a folder, to tell whether it is of DICOM."""
_INDEX_OF_HAMAMATSU = frozenset({".vms", ".vmu"})


def files_of(slide: Path) -> tuple[Path, ...]:
    """Return the files that a slide consists of, the one that is opened first.

    Raises
    ------
    OSError
        A folder cannot be read.
    """
    if slide.is_dir():
        return tuple(sorted(path for path in slide.iterdir() if _is_seen(path) and path.is_file()))
    folder = companion_folder(slide)
    if folder is not None:
        return (slide, *sorted(path for path in folder.rglob("*") if path.is_file()))
    if slide.suffix.lower() in _INDEX_OF_HAMAMATSU:
        from dicomizer.sources.openslide.source import companions

        return (slide, *sorted(companions(slide)))
    return (slide,)


def companion_folder(slide: Path) -> Path | None:
    """Return the folder that belongs to a slide file of this name; it may not be there yet."""
    suffix = slide.suffix.lower()
    if suffix == ".mrxs":
        return slide.with_suffix("")
    if suffix == ".vsi":
        return slide.parent / f"_{slide.stem}_"
    return None


def parts_of(slide: Path) -> tuple[Path, ...]:
    """Return the files and folders that have to be moved to move a slide, itself last."""
    folder = companion_folder(slide)
    if folder is not None and folder.is_dir():
        return (folder, slide)
    if slide.suffix.lower() in _INDEX_OF_HAMAMATSU:
        return (*files_of(slide)[1:], slide)
    return (slide,)


def find_slides(folder: Path, without: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Yield the slides in a folder and below it, sorted: files, and folders of DICOM files.

    What cannot be read is left out.

    Parameters
    ----------
    without
        Folders that are left out.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    paths = [folder / entry.name for entry in entries if _is_seen(folder / entry.name)]
    companions = {companion_folder(path) for path in paths} - {None}
    for path in paths:
        if path.is_dir():
            if path not in companions and path not in without:
                yield from (path,) if holds_dicom(path) else find_slides(path, without)
        elif path.suffix.lower() in SLIDE_SUFFIXES and path.is_file():
            yield path


def holds_dicom(folder: Path) -> bool:
    """Tell whether files of a folder are DICOM, so that it is one slide."""
    others = SLIDE_SUFFIXES - {".dcm"}
    try:
        files = (
            path
            for path in folder.iterdir()
            if _is_seen(path) and path.suffix.lower() not in others and path.is_file()
        )
        return any(is_dicom(path) for path in islice(files, _LOOKED_AT))
    except OSError:
        return False


def _is_seen(path: Path) -> bool:
    return path.name[0] != "."
