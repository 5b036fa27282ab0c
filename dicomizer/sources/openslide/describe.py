# SPDX-License-Identifier: Apache-2.0
"""What OpenSlide says of a slide, told as a `Slide`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypedDict

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.color import is_rgb_profile
from dicomizer.slide import (
    Coding,
    ColorSpace,
    Compression,
    Flavor,
    Illumination,
    LossyStep,
    OpticalPath,
    Scan,
    SizePx,
    Slide,
    SlideImage,
    SpacingMm,
)
from dicomizer.sources.openslide import vendors
from dicomizer.sources.openslide.canvas import TILE, CanvasLevel, scanned_levels
from dicomizer.sources.openslide.origin import hamamatsu_origin
from dicomizer.sources.openslide.storage import Stored

if TYPE_CHECKING:
    from pathlib import Path

_FLAVORS = {"thumbnail": Flavor.THUMBNAIL, "label": Flavor.LABEL, "macro": Flavor.OVERVIEW}
_LARGEST_SIDE = 1 << 24
_MOST_TILES = 1 << 22
"""Of a level: a terapixel, six times a glass slide at 0.1 micrometres."""
_MOST_ASSOCIATED_PIXELS = 1 << 24


class Opened(TypedDict):
    """The child's reply when it has opened a slide; see `worker`.

    Colour profiles, of each associated image too, are in hexadecimal digits.
    """

    vendor: str
    version: str
    sizes: list[tuple[int, int]]
    properties: dict[str, str]
    associated: dict[str, str]
    icc_profile: str


@dataclass(slots=True)
class Description:
    """A slide as OpenSlide describes it.

    Parameters
    ----------
    levels
        In OpenSlide's terms, by the key of the image.
    """

    path: Path
    opened: Opened
    levels: dict[str, CanvasLevel] = field(init=False)
    notes: list[str] = field(init=False)
    _stored: Stored = field(init=False)

    def __post_init__(self) -> None:
        sizes = [SizePx(*size) for size in self.opened["sizes"]]
        self._check_size(sizes[0])
        properties = self.opened["properties"]
        levels, self.notes = scanned_levels(sizes, properties)
        self.levels = {f"level {item.number}": item for item in levels}
        self._stored = Stored(self.opened["vendor"], self.path, properties, sizes)

    @property
    def is_bounded(self) -> bool:
        """Whether the format knows parts of the canvas that were not scanned."""
        return "openslide.bounds-x" in self.opened["properties"]

    def slide(self, missing: dict[str, frozenset[int]]) -> Slide:
        """Return the slide.

        Parameters
        ----------
        missing
            Frames that hold nothing, by the key of the image.
        """
        properties, name = self.opened["properties"], self.opened["vendor"]
        scanned = self._scanned_pixels(missing)
        images = tuple(
            replace(self._level(key, item, scanned), missing=missing.get(key, frozenset()))
            for key, item in self.levels.items()
        )
        return Slide(
            path=self.path,
            format_name=vendors.vendor_of(name, self.path).format_name,
            scans=(
                Scan(
                    images,
                    (self._optical_path(),),
                    origin=hamamatsu_origin(properties),
                    background=_background(properties),
                ),
            ),
            associated=tuple(self._associated()),
            metadata=vendors.read_metadata(name, self.path, properties),
            notes=(*self.notes, f"pixels are as OpenSlide {self.opened['version']} decodes them"),
        )

    def _check_size(self, size: SizePx) -> None:
        tiles = -(-size.width // TILE.width) * -(-size.height // TILE.height)
        if not (0 < size.width <= _LARGEST_SIDE and 0 < size.height <= _LARGEST_SIDE) or (
            tiles > _MOST_TILES
        ):
            raise CorruptSourceError(
                f"the slide is {size} pixels, which no scanner makes",
                file=self.path,
                remedy="the file is damaged; copy it again",
            )

    def _scanned_pixels(self, missing: dict[str, frozenset[int]]) -> int | None:
        """Return how many pixels the finest level has in tiles that hold something."""
        key, base = next(iter(self.levels.items()))
        if key not in missing:
            return None
        columns = -(-base.size.width // TILE.width)
        regions = (base.region(*divmod(index, columns)) for index in missing[key])
        return _pixels(base) - sum(width * height for _, _, width, height in regions)

    def _level(self, key: str, level: CanvasLevel, scanned_pixels: int | None) -> SlideImage:
        return SlideImage(
            key=key,
            flavor=Flavor.VOLUME,
            size=level.size,
            tile_size=TILE,
            coding=self._coding(level, scanned_pixels),
            spacing=self._spacing(level),
            icc_profile=_icc_profile(self.opened["icc_profile"]),
        )

    def _coding(self, level: CanvasLevel, scanned_pixels: int | None) -> Coding:
        """Return the coding, with a level's share of the files' size by its pixels."""
        total = self._stored.coded_bytes()
        # Hamamatsu stores the finest level only: coarser ones are the same data, half decoded.
        is_shared = self.opened["vendor"] != "hamamatsu"
        shared = list(self.levels.values())[: None if is_shared else 1]
        share = _pixels(level) / sum(map(_pixels, shared))
        history = self._stored.level_history(level.number, scanned_pixels)
        return _decoded(history, coded_bytes=max(round(total * share), 1))

    def _spacing(self, level: CanvasLevel) -> SpacingMm | None:
        x, y = (
            vendors.positive(self.opened["properties"].get(f"openslide.mpp-{axis}"))
            for axis in "xy"
        )
        return SpacingMm.from_mpp(x * level.factor, y * level.factor) if x and y else None

    def _optical_path(self) -> OpticalPath:
        layers = self.opened["properties"].get("hamamatsu.NoLayers", "1")
        if layers != "1":
            self.notes.append(f"of {layers} focal planes OpenSlide reads the first")
        if not vendors.is_fluorescence(self.opened["properties"]):
            return OpticalPath()
        self.notes.append("fluorescence channels are shown as OpenSlide composes them in colour")
        return OpticalPath(illumination=Illumination.FLUORESCENCE)

    def _associated(self) -> list[SlideImage]:
        found = {name: self._size_of(name) for name in self.opened["associated"]}
        if not self._shows_the_scan(found.get("thumbnail")):
            self.notes.append(
                f"thumbnail ({found.pop('thumbnail')}) left out: nothing tells that it shows just "
                "the scanned part"
            )
        self.notes += [
            f"image {name!r} left out: it is {size or 'of unknown size'}, expected a small picture"
            if name in _FLAVORS
            else f"image {name!r} left out: DICOM has no place for it"
            for name, size in found.items()
            if name not in _FLAVORS or not _is_small(size)
        ]
        return [
            self._whole(name, flavor, size)
            for name, flavor in _FLAVORS.items()
            if (size := found.get(name)) is not None and _is_small(size)
        ]

    def _shows_the_scan(self, thumbnail: SizePx | None) -> bool:
        """Tell whether a thumbnail has the shape of the scanned part, and not that of the canvas.

        It tells neither its spacing nor what it shows, and DICOM's shows the whole image.
        """
        part, canvas = self.levels["level 0"].size, SizePx(*self.opened["sizes"][0])
        if thumbnail is None:
            return True
        is_distinct = part == canvas or not _has_shape_of(thumbnail, canvas)
        return is_distinct and _has_shape_of(thumbnail, part)

    def _size_of(self, name: str) -> SizePx | None:
        prefix, properties = f"openslide.associated.{name}.", self.opened["properties"]
        width, height = (properties.get(f"{prefix}{side}", "") for side in ("width", "height"))
        if not (width.isdecimal() and height.isdecimal()):
            return None
        return SizePx(int(width), int(height))

    def _whole(self, name: str, flavor: Flavor, size: SizePx) -> SlideImage:
        is_overview = flavor is Flavor.OVERVIEW
        mpp = vendors.macro_mpp(size, self.opened["properties"]) if is_overview else None
        return SlideImage(
            key=name,
            flavor=flavor,
            size=size,
            tile_size=size,
            coding=_decoded(
                self._stored.associated_history(name, size),
                coded_bytes=size.width * size.height * 3,
            ),
            spacing=SpacingMm.from_mpp(mpp, mpp) if mpp else None,
            icc_profile=_icc_profile(self.opened["associated"][name]),
        )


def _decoded(history: tuple[LossyStep, ...], *, coded_bytes: int) -> Coding:
    """Return the coding of pixels as OpenSlide yields them, with what they went through before."""
    return Coding(Compression.NONE, ColorSpace.RGB, bool(history), coded_bytes, earlier=history)


def _has_shape_of(reduced: SizePx, whole: SizePx) -> bool:
    """Tell whether one factor explains both sides, each rounded to whole pixels."""
    sides = ((whole.width, reduced.width), (whole.height, reduced.height))
    least = max(fine / (coarse + 1) for fine, coarse in sides)
    return all(fine > least * (coarse - 1) for fine, coarse in sides)


def _is_small(size: SizePx | None) -> bool:
    return (
        size is not None
        and 0 < size.width <= 0xFFFF
        and 0 < size.height <= 0xFFFF
        and size.width * size.height <= _MOST_ASSOCIATED_PIXELS
    )


def _background(properties: dict[str, str]) -> tuple[int, int, int] | None:
    """Return the colour that pixels which were not scanned are shown in; `worker` does so too."""
    found = properties.get("openslide.background-color", "")
    try:
        red, green, blue = bytes.fromhex(found)
    except ValueError:
        return None
    return red, green, blue


def _icc_profile(digits: str) -> bytes | None:
    profile = bytes.fromhex(digits)
    return profile if is_rgb_profile(profile) else None


def _pixels(level: CanvasLevel) -> int:
    return level.size.width * level.size.height
