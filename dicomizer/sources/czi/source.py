# SPDX-License-Identifier: Apache-2.0
"""Zeiss CZI: scenes, channels and planes, decoded by pylibCZIrw in a child process.

The library is an optional part of the installation; without it the format is recognised all the
same, and the error says what to install.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dicomizer.slide import Scan, Slide
from dicomizer.sources.base import AnotherFormat, FileSource
from dicomizer.sources.czi.metadata import (
    read_metadata,
    read_optical_paths,
    read_plane_spacing_um,
    read_spacing,
)
from dicomizer.sources.czi.scenes import Opened, Place, pixel_format_of, scene_levels
from dicomizer.sources.worker import Message, Team, batches, require_library
from dicomizer.sources.xml import parse_xml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.slide import SlideImage
    from dicomizer.sources.base import Frame

_SIGNATURE = b"ZISRAWFILE"
_PROGRAM = "dicomizer.sources.czi.worker"
_LIBRARY = "pylibCZIrw"
_WHITE, _BLACK = 1.0, 0.0


class CziSource(FileSource):
    """An open CZI file.

    Raises
    ------
    Refusal
        The file is no CZI, or its pixels are of a kind that cannot be read.
    SourceError
        The file cannot be read, is damaged, or the library that reads it is not installed.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            if file.read(len(_SIGNATURE)) != _SIGNATURE:
                raise AnotherFormat("no CZI signature")
        require_library(_LIBRARY, extra="czi", format_name="Zeiss CZI", path=path)
        self._path = path
        self._team = Team(_PROGRAM, path, Message({"path": str(path)}))
        self._places: dict[str, Place] = {}
        try:
            self._slide = self._describe(cast("Opened", self._team.opened.values))
        except BaseException:
            self._team.close()
            raise

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, without compression."""
        if indices is None:
            indices = range(image.number_of_frames)
        return batches(self._team, image, indices, self._request)

    def close(self) -> None:
        """End the processes that read the file."""
        self._team.close()

    def _describe(self, opened: Opened) -> Slide:
        import numpy as np

        metadata = parse_xml(opened["metadata"], self._path, "metadata")
        pixel_format_of(opened)
        tiles = np.frombuffer(self._team.opened.payload, np.int32).reshape(-1, 4)
        spacing = read_spacing(metadata)
        paths = read_optical_paths(metadata, opened["sizes"]["C"])
        scans = []
        for number in range(len(opened["scenes"])):
            levels = scene_levels(self._path, opened, number, tiles, spacing)
            self._places |= {image.key: place for place, image in levels}
            images = tuple(image for _, image in levels)
            depth = read_plane_spacing_um(metadata) if images[0].planes > 1 else None
            scans.append(Scan(images, paths, plane_spacing_um=depth))
        return Slide(
            path=self._path,
            format_name="Zeiss CZI",
            scans=tuple(scans),
            associated=(),
            metadata=read_metadata(metadata),
            notes=tuple(_notes(opened)),
        )

    def _request(self, image: SlideImage, indices: Sequence[int]) -> Message:
        place = self._places[image.key]
        return Message(
            {
                "scene": place.scene,
                "factor": place.factor,
                "background": _WHITE if image.pixel_format.samples == 3 else _BLACK,
                "regions": [place.region(image, index) for index in indices],
            }
        )


def _notes(opened: Opened) -> Iterator[str]:
    yield f"pixels are as {_LIBRARY} decodes them; it gives no label and no overview"
    if opened["sizes"]["T"] > 1:
        yield f"of {opened['sizes']['T']} points in time the first is taken"
