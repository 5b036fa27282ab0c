# SPDX-License-Identifier: Apache-2.0
"""How the files behind OpenSlide store pixels, and by how much they compress them.

OpenSlide tells neither. The vendor decides the method; a ratio follows from the size of files
where these hold nothing else of note, and is not known otherwise.

References
----------
openslide.org/formats (which files and codings each vendor has); PS3.3 C.7.6.1.1.5.2 (ratios may be
approximate)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dicomizer.slide import LossyStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dicomizer.slide import SizePx

    Properties = Mapping[str, str]

_JPEG = "ISO_10918_1"
_LOSSLESS_FORMATS = frozenset({"PNG", "BMP24"})
_BYTES_PER_PIXEL = 3
_MIRAX_LEVELS = "Slide zoom level"
_HIERARCHY_NAME = re.compile(r"mirax\.HIERARCHICAL\.HIER_(\d+)_NAME")


@dataclass(frozen=True, slots=True)
class Stored:
    """The files of a slide.

    Parameters
    ----------
    vendor
        As OpenSlide names it.
    sizes
        Of all levels of the canvas, finest first.
    """

    vendor: str
    path: Path
    properties: Properties
    sizes: Sequence[SizePx]

    def coded_bytes(self) -> int:
        """Return the size of the files that hold the levels; 0 where none is found."""
        if self.vendor == "mirax":
            return _total(self.path.with_suffix(""), _mirax_files(self.properties))
        if self._is_vms:
            names = _values(self.properties, "hamamatsu.ImageFile")
            return _total(self.path.parent, names)
        return _total(self.path.parent, (self.path.name,))

    def level_history(self, number: int, scanned_pixels: int | None) -> tuple[LossyStep, ...]:
        """Return the lossy compression of a level; none where it is stored without loss.

        Parameters
        ----------
        number
            Of the level in OpenSlide.
        scanned_pixels
            Of the finest level, without tiles that hold nothing; ``None`` where nobody looked.
        """
        if self.vendor == "mirax":
            # A coarser level is made of the finer ones, with what these have lost.
            formats = {_mirax_format(self.properties, finer) for finer in range(number + 1)}
            if formats <= _LOSSLESS_FORMATS:
                return ()
            method = _JPEG if "JPEG" in formats else None
            return (LossyStep(method, self._mirax_ratio(scanned_pixels)),)
        if self._is_vms and "hamamatsu.PixelOrder" in self.properties:
            # VMU has plain samples, in an order that its index names.
            return ()
        return (LossyStep(_JPEG, self._vms_ratio() if number == 0 else None),)

    def associated_history(self, name: str, size: SizePx) -> tuple[LossyStep, ...]:
        """Return the lossy compression of a label, macro or thumbnail: all are JPEG."""
        macro = self.properties.get("hamamatsu.MacroImage", "") if name == "macro" else ""
        stored = _total(self.path.parent, filter(None, (macro,)))
        return (LossyStep(_JPEG, _ratio(size.width * size.height, stored)),)

    @property
    def _is_vms(self) -> bool:
        """Whether the images are files of their own, as of VMS and VMU."""
        return "hamamatsu.ImageFile" in self.properties

    def _mirax_ratio(self, scanned_pixels: int | None) -> float | None:
        """Return the mean over all levels, which share their files.

        It is not known where OpenSlide shows one of several focal planes or channels, or where
        levels are coded differently.
        """
        numbers = range(len(self.sizes))
        formats = {_mirax_format(self.properties, number) for number in numbers}
        if scanned_pixels is None or formats != {"JPEG"} or _mirax_layers(self.properties) > 1:
            return None
        base = self.sizes[0].width * self.sizes[0].height
        canvas = sum(size.width * size.height for size in self.sizes)
        return _ratio(scanned_pixels * canvas / base, self.coded_bytes())

    def _vms_ratio(self) -> float | None:
        """Return that of the finest level; of the others nobody tells from which file they are."""
        if not self._is_vms or self.properties.get("hamamatsu.NoLayers") != "1":
            return None
        return _ratio(self.sizes[0].width * self.sizes[0].height, self.coded_bytes())


def _ratio(pixels: float, coded_bytes: int) -> float | None:
    return pixels * _BYTES_PER_PIXEL / coded_bytes if coded_bytes else None


def _mirax_format(properties: Properties, number: int) -> str:
    """Return the coding of a level; OpenSlide reads JPEG, PNG and BMP24 only."""
    hierarchy = _mirax_hierarchies(properties).get(_MIRAX_LEVELS, "0")
    key = f"mirax.HIERARCHICAL.HIER_{hierarchy}_VAL_{number}_SECTION"
    return properties.get(f"mirax.{properties.get(key)}.IMAGE_FORMAT", "").upper()


def _mirax_layers(properties: Properties) -> int:
    """Return how many focal planes and channels there are, in all."""
    layers = 1
    for name, number in _mirax_hierarchies(properties).items():
        count = properties.get(f"mirax.HIERARCHICAL.HIER_{number}_COUNT", "")
        if name != _MIRAX_LEVELS and count.isdecimal():
            layers *= max(int(count), 1)
    return layers


def _mirax_hierarchies(properties: Properties) -> dict[str, str]:
    """Return the number of each hierarchy by its name."""
    return {
        name: match[1] for key, name in properties.items() if (match := _HIERARCHY_NAME.match(key))
    }


def _mirax_files(properties: Properties) -> Iterator[str]:
    return _values(properties, "mirax.DATAFILE.FILE_")


def _values(properties: Properties, beginning: str) -> Iterator[str]:
    return (value for key, value in properties.items() if key.startswith(beginning))


def _total(folder: Path, names: Iterable[str]) -> int:
    return sum(_size(folder / Path(name).name) for name in names)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except (OSError, ValueError):
        return 0
