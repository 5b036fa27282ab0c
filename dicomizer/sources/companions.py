# SPDX-License-Identifier: Apache-2.0
"""Which files are a slide together, and which files of a folder are slides: by names, unopened."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from dicomizer.sources.folders import is_dicom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


def find_slides(
    folder: Path,
    without: frozenset[Path] = frozenset(),
    results_in: Callable[[Path], frozenset[Path]] = lambda _folder: frozenset(),
) -> Iterator[Path]:
    """Yield the slides in a folder and below it: files, and folders of DICOM files.

    They are sorted, those behind links to folders last; each real folder is looked into once,
    whatever leads to it. Folders that cannot be read are left out; what has the name of a slide and
    is none, such as a link that leads nowhere, is not, so that it is told.

    Parameters
    ----------
    without
        Folders that are left out.
    results_in
        Gives the folders below one that hold what was converted: DICOM files in them are no slides.
    """
    search = _Search(without, results_in)
    yield from search.slides(folder)


class _Search:
    """Looks for slides; remembers where it was."""

    def __init__(
        self, without: frozenset[Path], results_in: Callable[[Path], frozenset[Path]]
    ) -> None:
        self._seen = {path.resolve() for path in without}
        self._results_in = results_in
        self._results: set[Path] = set()
        self._links: list[Path] = []

    def slides(self, root: Path) -> Iterator[Path]:
        self._seen.add(root.resolve())
        yield from self._entries(root, is_result=False)
        for link in self._links:  # which grows meanwhile
            yield from self._folder(link)

    def _folder(self, path: Path) -> Iterator[Path]:
        real = path.resolve()
        if real in self._seen:
            return
        self._seen.add(real)
        is_result = real in self._results
        if not is_result and holds_dicom(path):
            yield path
        else:
            yield from self._entries(path, is_result=is_result)

    def _entries(self, folder: Path, *, is_result: bool) -> Iterator[Path]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            return
        self._results |= {path.resolve() for path in self._results_in(folder)}
        paths = [folder / entry.name for entry in entries if _is_seen(folder / entry.name)]
        companions = {companion_folder(path) for path in paths} - {None}
        suffixes = SLIDE_SUFFIXES - {".dcm"} if is_result else SLIDE_SUFFIXES
        for path in paths:
            if path.is_dir():
                if path in companions:
                    continue
                if path.is_symlink():
                    self._links.append(path)
                else:
                    yield from self._folder(path)
            elif path.suffix.lower() in suffixes:
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
