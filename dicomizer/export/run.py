# SPDX-License-Identifier: Apache-2.0
"""An export carried out: the name of the file says its format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.export.deep_zoom import write_deep_zoom
from dicomizer.export.frames import export_frames
from dicomizer.export.opened import open_dicom
from dicomizer.export.options import Export, ExportOptions
from dicomizer.export.picture import write_picture
from dicomizer.export.target import flushed_size, new_files
from dicomizer.export.tiff import write_ome_tiff, write_tiff
from dicomizer.pipeline import default_threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dicomizer.pipeline import Progress
    from dicomizer.sources.base import SlideSource

    Write = Callable[[SlideSource, Path], list[str]]

_OME = (".ome.tif", ".ome.tiff")
_TIFF = (".tif", ".tiff")
_DEEP_ZOOM = (".dzi",)
_PICTURES = (".png", ".jpg", ".jpeg")
SUFFIXES = _OME + _TIFF + _DEEP_ZOOM + _PICTURES
"""Of files; any other name is that of a folder for frames."""


def export(
    dicom: Path,
    out: Path,
    options: ExportOptions = ExportOptions(),  # noqa: B008 - it cannot be changed
    report: Callable[[Progress], None] = lambda _: None,
) -> Export:
    """Write a slide in DICOM as a file of another format, or its frames into a folder.

    Raises
    ------
    SourceError
        There is no DICOM slide, or it cannot be read to its end.
    TargetError
        The file is there already, cannot be written, or its format has no room for the slide.
    CodecError
        The codec that was asked for does not know these pixels.
    """
    name = out.name.lower()
    if not name.endswith(SUFFIXES):
        return export_frames(dicom, out, report)
    names = [out.name]
    if name.endswith(_DEEP_ZOOM):
        names.insert(0, f"{out.stem}_files")
    with open_dicom(dicom) as source, new_files(out, names, overwrite=options.overwrite) as folder:
        notes = _writer(name, options, report)(source, folder / out.name)
        sizes = [flushed_size(path) for path in folder.rglob("*") if path.is_file()]
    return Export(out, len(sizes), sum(sizes), tuple(notes))


def _writer(name: str, options: ExportOptions, report: Callable[[Progress], None]) -> Write:
    threads = options.threads or default_threads()
    if name.endswith(_PICTURES):
        return lambda source, path: write_picture(source, path, options, report)
    if name.endswith(_DEEP_ZOOM):
        return lambda source, path: write_deep_zoom(source, path, options, threads, report)
    write = write_ome_tiff if name.endswith(_OME) else write_tiff
    return lambda source, path: write(source, path, options, threads, report)
