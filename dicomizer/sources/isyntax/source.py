# SPDX-License-Identifier: Apache-2.0
"""Philips iSyntax: wavelet levels, decoded by pyisyntax in a child process, behind an XML header.

The header is the one that Philips TIFF has as its description: scanner, label, macro and colour
profile are read from there. The library is an optional part of the installation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypedDict, cast

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs.jpeg import JpegError
from dicomizer.slide import (
    Coding,
    ColorSpace,
    Compression,
    Flavor,
    Scan,
    SizePx,
    Slide,
    SlideImage,
    SpacingMm,
)
from dicomizer.sources.base import AnotherFormat, FileSource
from dicomizer.sources.openslide.canvas import TILE, CanvasLevel, scanned_levels
from dicomizer.sources.philips.description import read_description
from dicomizer.sources.philips.embedded import EmbeddedImage, read_embedded
from dicomizer.sources.worker import Message, Team, batches, require_library

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.sources.base import Frame
    from dicomizer.sources.philips.description import PhilipsDescription

_PROGRAM = "dicomizer.sources.isyntax.worker"
_LIBRARY = "isyntax"
_ROOT = b'ObjectType="DPUfsImport"'
_HEAD = 4096
_END_OF_HEADER = b"\x04"
_LARGEST_HEADER = 64 << 20
_LARGEST_SIDE = 1 << 24


class Opened(TypedDict):
    """The child's reply when it has opened a file; see `worker`."""

    sizes: list[tuple[int, int]]
    mpp: tuple[float, float]


class IsyntaxSource(FileSource):
    """An open iSyntax file.

    Raises
    ------
    Refusal
        The file is no iSyntax.
    SourceError
        The file cannot be read, is damaged, or the library that reads it is not installed.
    """

    def __init__(self, path: Path) -> None:
        header = read_header(path)
        require_library(_LIBRARY, extra="isyntax", format_name="Philips iSyntax", path=path)
        self._path = path
        self._notes = [f"pixels are as py{_LIBRARY} decodes them"]
        description = read_description(header, path)
        self._embedded = self._read_embedded(description)
        self._team = Team(_PROGRAM, path, Message({"path": str(path)}))
        try:
            opened = cast("Opened", self._team.opened.values)
            self._levels = self._find_levels(opened)
            self._slide = self._describe(opened, description)
        except BaseException:
            self._team.close()
            raise

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        if indices is None:
            indices = range(image.number_of_frames)
        if image.key in self._embedded:
            frame = self._embedded[image.key].frame(self._path)
            yield [(frame,) for _ in indices]
            return
        yield from batches(self._team, image, indices, self._request)

    def close(self) -> None:
        """End the processes that read the file."""
        self._team.close()

    def _describe(self, opened: Opened, description: PhilipsDescription) -> Slide:
        return Slide(
            path=self._path,
            format_name="Philips iSyntax",
            scans=(
                Scan(
                    tuple(
                        self._level(key, level, opened, description)
                        for key, level in self._levels.items()
                    )
                ),
            ),
            associated=tuple(item.image for item in self._embedded.values()),
            metadata=description.metadata,
            notes=tuple(self._notes),
        )

    def _find_levels(self, opened: Opened) -> dict[str, CanvasLevel]:
        sizes = [SizePx(*size) for size in opened["sizes"]]
        if not sizes or not all(
            0 < side <= _LARGEST_SIDE for size in sizes[:1] for side in (size.width, size.height)
        ):
            raise CorruptSourceError(
                f"the slide is {sizes[0] if sizes else 'without any'} pixels", file=self._path
            )
        levels, notes = scanned_levels(sizes, {})
        self._notes += notes
        return {f"level {level.number}": level for level in levels}

    def _level(
        self, key: str, level: CanvasLevel, opened: Opened, description: PhilipsDescription
    ) -> SlideImage:
        # The wavelets of this file are the last step that its own header tells.
        *earlier, last = description.earlier or (None,)
        share = 1 / level.factor**2 / sum(1 / item.factor**2 for item in self._levels.values())
        return SlideImage(
            key=key,
            flavor=Flavor.VOLUME,
            size=level.size,
            tile_size=TILE,
            coding=Coding(
                Compression.NONE,
                ColorSpace.RGB,
                lossy=True,
                coded_bytes=max(round(self._path.stat().st_size * share), 1),
                method=last.method if last else None,
                earlier=tuple(filter(None, earlier)),
            ),
            spacing=_spacing(opened["mpp"], level.factor),
            icc_profile=description.icc_profile,
        )

    def _read_embedded(self, description: PhilipsDescription) -> dict[str, EmbeddedImage]:
        found: dict[str, EmbeddedImage] = {}
        for item in description.embedded:
            try:
                image = read_embedded(item)
            except JpegError as error:
                self._notes.append(f"{item.flavor.value.lower()} left out: {error}")
                continue
            found.setdefault(image.image.key, image)
        return found

    def _request(self, image: SlideImage, indices: Sequence[int]) -> Message:
        level, columns = self._levels[image.key], image.grid.width
        regions = []
        for index in indices:
            x, y, width, height = level.region(*divmod(index, columns))
            place = (x // level.factor, y // level.factor)
            regions.append((*place, width, height, TILE.width))
        return Message({"level": level.number, "regions": regions})


def read_header(path: Path) -> str:
    """Return the XML at the beginning of a file.

    Raises
    ------
    Refusal
        The file does not begin with XML of Philips.
    CorruptSourceError
        The XML has no end.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") or _ROOT not in head:
            raise AnotherFormat("no XML header of Philips")
        text, end, _ = (head + file.read(_LARGEST_HEADER)).partition(_END_OF_HEADER)
    if not end:
        raise CorruptSourceError(
            "the XML header has no end", file=path, remedy="the file is cut short; copy it again"
        )
    return text.decode("utf-8-sig", "replace").strip()


def _spacing(mpp: tuple[float, float], factor: int) -> SpacingMm | None:
    if not all(math.isfinite(value) and value > 0 for value in mpp):
        return None
    x, y = mpp
    return SpacingMm.from_mpp(x * factor, y * factor)
