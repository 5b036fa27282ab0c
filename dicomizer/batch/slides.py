# SPDX-License-Identifier: Apache-2.0
"""The slides of a batch: of a folder, a pattern of names, or a list, and where each goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dicomizer.batch.manifest import NAME, results_in
from dicomizer.dicom.schema.columns import OUT, SLIDE
from dicomizer.dicom.schema.files import is_table, read_metadata, read_table
from dicomizer.dicom.schema.json import metadata_to_json
from dicomizer.dicom.schema.table import metadata_of
from dicomizer.errors import DicomizerError, MetadataError, SourceError
from dicomizer.sources.companions import find_slides, holds_dicom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class BatchSlide:
    """A slide to convert.

    Parameters
    ----------
    name
        As it is told: below the folder of the batch.
    out
        Folder for its instances, below that of the batch.
    metadata
        Gives what is told of it, as JSON, or raises a `DicomizerError`; ``None`` where nobody
        tells anything.
    """

    name: str
    path: Path
    out: Path
    metadata: Callable[[], dict[str, Any]] | None = None


def is_batch(source: Path) -> bool:
    """Tell whether what a person names is many slides and not one."""
    if is_table(source):
        return True
    if source.is_dir():
        return not holds_dicom(source) and next(find_slides(source), None) is not None
    return bool(_WILDCARDS & set(str(source))) and not source.exists()


def slides_of(source: Path, metadata: Path | None, out: Path | None = None) -> list[BatchSlide]:
    """Return the slides that a person names.

    Parameters
    ----------
    metadata
        A file with what is known of all of them, or a table with a row for each.
    out
        Folder of the results, which are no slides of the batch wherever it lies.

    Raises
    ------
    DicomizerError
        A list or the metadata cannot be read, or no slide is found.
    """
    if is_table(source):
        if metadata is not None:
            raise MetadataError(
                "the list and --metadata both tell metadata", file=source, remedy="leave one out"
            )
        return _listed(source)
    told = _metadata(metadata)
    root, paths = _found(source, out)
    if not paths:
        raise SourceError("found no slide", file=source, remedy="check the path")
    names = [path.relative_to(root) for path in paths]
    outs = _folders(names)
    return [
        BatchSlide(str(name), path, outs[name], told(path) if told else None)
        for path, name in zip(paths, names, strict=True)
    ]


def _found(source: Path, out: Path | None) -> tuple[Path, list[Path]]:
    """Return the slides of a folder or pattern, and the folder that they are below."""
    if source.is_dir():
        is_within = out is not None and out.resolve() != source.resolve()
        without = frozenset({out} if out is not None and is_within else ())
        return source, list(find_slides(source, without, results_in))
    parts = source.parts
    fixed = next(number for number, part in enumerate(parts) if _WILDCARDS & set(part))
    root = Path(*parts[:fixed])
    paths = sorted(root.glob(str(Path(*parts[fixed:]))))
    # A pattern such as slides/* matches the folder of an MRXS as well as its index.
    folders = {path.with_suffix("") for path in paths if path.suffix.lower() == ".mrxs"}
    is_result = _results_below(root, out)
    names_hidden = any(part.startswith(".") for part in parts[fixed:])
    return root, [
        path
        for path in paths
        if path not in folders
        and (names_hidden or not _is_hidden(path.relative_to(root)))
        and (not path.is_dir() or holds_dicom(path))
        and not is_result(path)
    ]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _results_below(root: Path, out: Path | None) -> Callable[[Path], bool]:
    """Return what tells whether a match of a pattern is a result, of this batch or another."""
    known = cache(results_in)
    apart = None if out is None or out.resolve() == root.resolve() else out.resolve()

    def is_result(path: Path) -> bool:
        above = [path, *path.parents][: len(path.relative_to(root).parts) + 1]
        if apart is not None and apart in {folder.resolve() for folder in above[:-1]}:
            return True
        results = {found.resolve() for folder in above[1:] for found in known(folder)}
        of_result = path.suffix.lower() == ".dcm" and path.parent.resolve() in results
        is_manifest = path.name == NAME and bool(known(path.parent))
        return of_result or is_manifest or path.resolve() in results

    return is_result


def _folders(names: Iterable[Path]) -> dict[Path, Path]:
    """Return a folder for each slide: its name without ending, or with it where two would meet."""
    names = list(names)
    often = Counter(str(name.with_suffix("")).casefold() for name in names)
    return {
        name: name if often[str(name.with_suffix("")).casefold()] > 1 else name.with_suffix("")
        for name in names
    }


def _listed(source: Path) -> list[BatchSlide]:
    """Return the slides of a list; paths are as seen from the folder that it lies in."""
    rows = read_table(source).rows
    if not rows:
        raise SourceError("the list has no row", file=source, remedy="give a row for each slide")
    names = [Path(row.cells[SLIDE].replace("\\", "/")) for row in rows]
    plain = [Path(*name.parts[1:]) if name.is_absolute() else _inner(name) for name in names]
    outs = _folders(plain)
    slides = []
    for row, name, inner in zip(rows, names, plain, strict=True):
        out = Path(row.cells[OUT]) if OUT in row.cells else outs[inner]
        if out.is_absolute() or ".." in out.parts:
            raise MetadataError(
                f'"{out}" is not below the folder OUT',
                file=source,
                place=f"line {row.line}: {OUT}",
                remedy="give a path below it, such as monday/a",
            )
        told = _naming(source, lambda row=row: metadata_to_json(metadata_of(row)))  # type: ignore[misc]
        slides.append(BatchSlide(str(name), source.parent / name, out, told))
    _check_apart(source, slides)
    return slides


def _inner(name: Path) -> Path:
    """Return a path without what leads out of a folder."""
    return Path(*(part for part in name.parts if part != ".."))


def _check_apart(source: Path, slides: Iterable[BatchSlide]) -> None:
    seen: dict[Path, str] = {}
    for slide in slides:
        other = seen.setdefault(slide.out, slide.name)
        if other != slide.name:
            raise MetadataError(
                f'"{other}" and "{slide.name}" both go to "{slide.out}"',
                file=source,
                remedy=f'give each a folder in the column "{OUT}"',
            )


def _metadata(file: Path | None) -> Callable[[Path], Callable[[], dict[str, Any]]] | None:
    """Return what gives the metadata of a slide by its path; one file for all is read once."""
    if file is None:
        return None
    if is_table(file):
        table = read_table(file)
        return lambda slide: _naming(
            file, lambda: metadata_to_json(metadata_of(table.row_of(slide)))
        )
    same = metadata_to_json(read_metadata(file))
    return lambda _slide: lambda: same


def _naming(file: Path, read: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Return a function that names the file in its errors."""

    def named() -> dict[str, Any]:
        try:
            return read()
        except DicomizerError as error:
            error.file = error.file or str(file)
            raise

    return named
