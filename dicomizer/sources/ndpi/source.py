# SPDX-License-Identifier: Apache-2.0
"""Hamamatsu NDPI: a TIFF with 64-bit offsets, each level of which is one JPEG stream.

A positive magnification marks a level, -1 the macro image, which is the overview, and -2 a map of
the scanned areas, which is no picture of the glass and is left out.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from dicomizer.errors import SourceError
from dicomizer.slide import Flavor, Scan, Slide, SlideImage, SpacingMm
from dicomizer.sources.base import FileSource, Refusal
from dicomizer.sources.ndpi.directory import NdpiDirectory, read_directories
from dicomizer.sources.ndpi.frames import StoredFrames
from dicomizer.sources.ndpi.metadata import metadata, origin
from dicomizer.sources.ndpi.scans import ScanBuilder
from dicomizer.sources.ndpi.stored import StoredJpeg, read_stored
from dicomizer.sources.ndpi.tags import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.sources.base import Frame

_MACRO, _MAP = -1, -2


class NdpiSource(FileSource):
    """An open NDPI file.

    Raises
    ------
    Refusal
        The file is no NDPI, or its finest level cannot be passed through.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes: list[str] = []
        self._builder = ScanBuilder()
        self._frames: dict[str, tuple[StoredFrames, ...]] = {}
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise SourceError(error.strerror or str(error), file=path) from error
        try:
            self._slide = self._describe()
        except BaseException:
            self._file.close()
            raise

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        planes = self._opened(image.key)
        wanted = range(image.number_of_frames) if indices is None else indices
        tiles = image.number_of_tiles
        for plane, found in groupby(wanted, lambda index: index // tiles):
            yield from planes[plane].read(index % tiles for index in found)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _opened(self, key: str) -> tuple[StoredFrames, ...]:
        if key not in self._frames:
            descriptor = self._file.fileno()
            self._frames[key] = tuple(
                StoredFrames(descriptor, stream, self._path)
                for stream in self._builder.streams[key]
            )
        return self._frames[key]

    def _describe(self) -> Slide:
        directories = read_directories(self._file, self._path)
        overview = self._overview(directories)
        scans = self._builder.scans(self._levels(directories))
        return Slide(
            path=self._path,
            format_name="Hamamatsu NDPI",
            scans=tuple(_placed(base, scan, overview) for base, scan in scans),
            associated=(overview,) if overview else (),
            metadata=metadata(scans[0][0]),
            notes=(*self._notes, *self._builder.notes),
        )

    def _levels(
        self, directories: tuple[NdpiDirectory, ...]
    ) -> list[tuple[NdpiDirectory, StoredJpeg]]:
        found = []
        for directory in directories:
            if not _is_level(directory):
                continue
            try:
                found.append((directory, read_stored(self._file.fileno(), directory, self._path)))
            except Refusal as refusal:
                if not found:
                    raise
                self._notes.append(f"{directory.place} left out: {refusal}")
        if not found:
            raise Refusal("no directory is a level")
        return found

    def _overview(self, directories: tuple[NdpiDirectory, ...]) -> SlideImage | None:
        """Describe the macro image, and note what is left out."""
        overview = None
        for directory in directories:
            lens = directory.number(Tag.LENS)
            if lens == _MACRO and overview is None:
                overview = self._macro(directory)
            elif lens == _MAP:
                self._notes.append(
                    f"{directory.place} is a map of the scanned areas and no picture: left out"
                )
            elif not _is_level(directory):
                self._notes.append(f"{directory.place} (magnification {lens}) left out")
        return overview

    def _macro(self, directory: NdpiDirectory) -> SlideImage | None:
        try:
            stored = read_stored(self._file.fileno(), directory, self._path, is_whole=True)
        except Refusal as refusal:
            self._notes.append(f"overview left out: {refusal}")
            return None
        key = str(directory.index)
        self._builder.streams[key] = (stored,)
        return SlideImage(
            key=key,
            flavor=Flavor.OVERVIEW,
            size=stored.size,
            tile_size=stored.size,
            coding=stored.coding,
            spacing=SpacingMm.from_mpp(*directory.mpp) if directory.mpp else None,
            pixel_format=stored.pixel_format,
        )


def _is_level(directory: NdpiDirectory) -> bool:
    return (directory.number(Tag.LENS) or 0) > 0


def _placed(base: NdpiDirectory, scan: Scan, overview: SlideImage | None) -> Scan:
    return replace(scan, origin=origin(base, scan.levels[0], overview))
