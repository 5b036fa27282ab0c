# SPDX-License-Identifier: Apache-2.0
"""A slide that OpenSlide opens, in a child process, shown as tiles of decoded pixels.

For formats that no other reader takes, by name: what another reader refuses on purpose, such as
CMYK in a TIFF, OpenSlide would show in wrong colours. It has been seen to abort and to hang on
broken files; here that is an error like others.
"""

from __future__ import annotations

import configparser
import contextlib
from typing import TYPE_CHECKING, cast

from dicomizer.errors import CorruptSourceError
from dicomizer.slide import Flavor
from dicomizer.sources.base import AnotherFormat, FileSource
from dicomizer.sources.openslide.canvas import TILE
from dicomizer.sources.openslide.describe import Description, Opened
from dicomizer.sources.openslide.unscanned import coverage_level, unscanned_tiles
from dicomizer.sources.openslide.vendors import VENDORS
from dicomizer.sources.worker import Message, Team, batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.slide import SlideImage
    from dicomizer.sources.base import Frame

_PROGRAM = "dicomizer.sources.openslide.worker"


class OpenSlideSource(FileSource):
    """An open slide of a format that only OpenSlide reads.

    Raises
    ------
    Refusal
        OpenSlide does not know the format, or there is another reader for it.
    SourceError
        The file, or one that belongs to it, cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        check_companions(path)
        opening = Message({"path": str(path), "vendors": list(VENDORS)})
        self._path = path
        self._team = Team(_PROGRAM, path, opening)
        try:
            vendor = cast("str | None", self._team.opened.values["vendor"])
            if vendor is None:
                raise AnotherFormat("OpenSlide does not know its format")
            if vendor not in VENDORS:
                raise AnotherFormat(f"OpenSlide's {vendor} is left to a reader of its own")
            description = Description(path, cast("Opened", self._team.opened.values))
            self._levels = description.levels
            self._slide = description.slide(self._missing() if description.is_bounded else {})
        except BaseException:
            self._team.close()
            raise

    @property
    def files(self) -> tuple[Path, ...]:
        """The file itself, and those that an index names or that lie in its folder."""
        return (self._path, *companions(self._path))

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, RGB without compression."""
        if indices is None:
            indices = range(image.number_of_frames)
        if image.flavor is not Flavor.VOLUME:
            reply = self._team.ask(Message({"associated": image.key}), image.key)
            yield [(reply.payload,) for _ in indices]
            return
        yield from batches(self._team, image, indices, self._request)

    def close(self) -> None:
        """End the processes that read the file."""
        self._team.close()

    def _request(self, image: SlideImage, indices: Sequence[int]) -> Message:
        level, columns = self._levels[image.key], image.grid.width
        regions = [level.region(*divmod(index, columns)) for index in indices]
        tile = (TILE.width, TILE.height)
        return Message({"level": level.number, "regions": regions, "tile": tile})

    def _missing(self) -> dict[str, frozenset[int]]:
        """Return the tiles of each level that hold nothing."""
        import numpy as np

        look = coverage_level(tuple(self._levels.values()))
        if look is None:
            return {}
        region = (look.left, look.top, look.size.width, look.size.height)
        request = Message({"level": look.number, "coverage": region})
        alpha = self._team.ask(request, f"level {look.number}").payload
        coverage = np.frombuffer(alpha, np.uint8).reshape(look.size.height, look.size.width)
        return {
            key: unscanned_tiles(level, coverage, look.factor)
            for key, level in self._levels.items()
        }


def check_companions(path: Path) -> None:
    """Check that files which a slide consists of are there.

    Raises
    ------
    CorruptSourceError
        One is not; OpenSlide would say that it does not know the format.
    """
    if path.suffix.lower() == ".mrxs" and not (path.with_suffix("") / "Slidedat.ini").is_file():
        raise CorruptSourceError(
            f"found no folder {path.stem}/ with Slidedat.ini beside it, where its pixels are",
            file=path,
            remedy="copy that folder along",
        )
    for file in companions(path):
        _check_present(path, file)


def companions(path: Path) -> list[Path]:
    """Return the files that belong to a slide, beside the one that is opened."""
    suffix = path.suffix.lower()
    if suffix == ".mrxs":
        return sorted(file for file in path.with_suffix("").glob("*") if file.is_file())
    if suffix in {".vms", ".vmu"}:
        return [path.parent / name for name in _files_of_index(path)]
    return []


def _files_of_index(path: Path) -> list[str]:
    """Return the files that an index of Hamamatsu names."""
    index = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    with contextlib.suppress(configparser.Error, UnicodeDecodeError, OSError):
        index.read_string(path.read_text("utf-8")[: 1 << 20])
    return [
        value
        for section in index.values()
        for key, value in section.items()
        if value and key.startswith(("imagefile", "mapfile", "macroimage"))
    ]


def _check_present(path: Path, file: Path) -> None:
    if not file.is_file():
        raise CorruptSourceError(
            f"found no {file.relative_to(path.parent)} beside it, expected a file",
            file=path,
            remedy="copy the files that belong to the slide as well",
        )
