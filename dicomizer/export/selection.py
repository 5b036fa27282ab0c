# SPDX-License-Identifier: Apache-2.0
"""What of a slide is exported: a scan, a layer, a part of it, at which levels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

from dicomizer.errors import TargetError
from dicomizer.export.options import Box
from dicomizer.slide import SizePx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomizer.export.options import ExportOptions
    from dicomizer.slide import Scan, Slide, SlideImage, SpacingMm

_SAME_SPACING = 0.02
"""Share by which a level's spacing may differ from the one that is asked for."""


@dataclass(frozen=True, slots=True)
class View:
    """A part of a stored image.

    Parameters
    ----------
    box
        In pixels of the image.
    name
        For errors and notes, such as "level 0".
    """

    image: SlideImage
    scan: Scan
    box: Box
    name: str

    @property
    def size(self) -> SizePx:
        """Of the part."""
        return SizePx(self.box.width, self.box.height)

    @property
    def first_tile(self) -> tuple[int, int] | None:
        """Row and column of the tile whose corner is that of the part, ``None`` for no corner."""
        tile = self.image.tile_size
        if self.box.x % tile.width or self.box.y % tile.height:
            return None
        return self.box.y // tile.height, self.box.x // tile.width

    def rounded(self, factor_x: float, factor_y: float, box: Box) -> View:
        """Return the view of what a box of a finer level covers, rounded outwards."""
        left, top = int(box.x / factor_x), int(box.y / factor_y)
        right = min(math.ceil((box.x + box.width) / factor_x), self.image.size.width)
        bottom = min(math.ceil((box.y + box.height) / factor_y), self.image.size.height)
        left, top = min(left, right - 1), min(top, bottom - 1)
        return replace(self, box=Box(left, top, right - left, bottom - top))


@dataclass(frozen=True, slots=True)
class Level:
    """A level to be written.

    Parameters
    ----------
    view
        Where its pixels are stored; ``None`` for a level that is the half of the one before.
    """

    name: str
    size: SizePx
    spacing: SpacingMm | None
    view: View | None


def whole(image: SlideImage, scan: Scan, name: str) -> View:
    """Return the view of a whole image."""
    return View(image, scan, Box(0, 0, image.size.width, image.size.height), name)


def chosen_scans(slide: Slide, options: ExportOptions) -> list[Scan]:
    """Return the scan that was asked for, or all.

    Raises
    ------
    TargetError
        There is no such scan.
    """
    if options.scan is None:
        return list(slide.scans)
    if not 1 <= options.scan <= len(slide.scans):
        _refuse(slide, f"has {_counted(len(slide.scans), 'scan')}", "choose another --scan")
    return [slide.scans[options.scan - 1]]


def one_scan(slide: Slide, options: ExportOptions) -> Scan:
    """Return the one scan of a format that has room for one.

    Raises
    ------
    TargetError
        There are several, and none was chosen.
    """
    scans = chosen_scans(slide, options)
    if len(scans) > 1:
        problem = f"has {len(scans)} scans, and the format room for one"
        _refuse(slide, problem, "choose one by --scan 1, or write .ome.tif")
    return scans[0]


def chosen_layers(slide: Slide, scan: Scan, options: ExportOptions) -> list[int]:
    """Return the layers, planes fastest, that were asked for.

    Raises
    ------
    TargetError
        There is no such optical path or plane.
    """
    image = scan.levels[0]
    paths = _chosen(slide, image.paths, options.optical_path, "optical path")
    planes = _chosen(slide, image.planes, options.plane, "focal plane")
    return [path * image.planes + plane for path in paths for plane in planes]


def _chosen(slide: Slide, count: int, number: int | None, noun: str) -> range:
    if number is None:
        return range(count)
    if not 1 <= number <= count:
        option = "--" + noun.replace("focal ", "").replace(" ", "-")
        _refuse(slide, f"has {_counted(count, noun)}", f"choose another {option}")
    return range(number - 1, number)


def one_layer(slide: Slide, scan: Scan, options: ExportOptions) -> int:
    """Return the one layer of a format that has room for one.

    Raises
    ------
    TargetError
        There are several, and none was chosen.
    """
    layers = chosen_layers(slide, scan, options)
    if len(layers) > 1:
        image = scan.levels[0]
        several = [
            _counted(count, noun)
            for count, noun in ((image.paths, "optical path"), (image.planes, "focal plane"))
            if count > 1
        ]
        problem = f"has {' and '.join(several)}, and the format room for one"
        _refuse(slide, problem, "choose one by --optical-path 1 --plane 1, or write .ome.tif")
    return layers[0]


def views(slide: Slide, scan: Scan, options: ExportOptions) -> list[View]:
    """Return all stored levels from the one that was asked for on, with the region.

    Raises
    ------
    TargetError
        There is no such level, or the region lies outside.
    """
    base = scan.levels[0]
    box = checked_region(slide, base, options.region)
    found = []
    for index in range(_first_level(slide, scan, options), len(scan.levels)):
        image = scan.levels[index]
        view = whole(image, scan, f"level {index}")
        found.append(view.rounded(*image.reduction_of(base), box) if options.region else view)
    return found


def checked_region(slide: Slide, base: SlideImage, region: Box | None) -> Box:
    """Return the region, or the whole of the finest level.

    Raises
    ------
    TargetError
        It lies outside.
    """
    if region is None:
        return Box(0, 0, base.size.width, base.size.height)
    is_within = (
        region.x >= 0
        and region.y >= 0
        and region.width > 0
        and region.height > 0
        and region.x + region.width <= base.size.width
        and region.y + region.height <= base.size.height
    )
    if not is_within:
        told = f"{region.width} x {region.height} at {region.x}, {region.y}"
        problem = f"the region of {told} is not within the {base.size} pixels of level 0"
        _refuse(slide, problem, "give --region X,Y,WIDTH,HEIGHT in pixels of level 0")
    return region


def _first_level(slide: Slide, scan: Scan, options: ExportOptions) -> int:
    if options.level is not None:
        if not 0 <= options.level < len(scan.levels):
            problem = f"has no level {options.level}, but {_counted(len(scan.levels), 'level')}"
            _refuse(slide, problem, "choose another --level, counted from 0")
        return options.level
    if options.mpp is None:
        return 0
    known = [level.spacing.mpp[0] if level.spacing else None for level in scan.levels]
    for index, mpp in enumerate(known):
        if mpp is not None and abs(mpp / options.mpp - 1) <= _SAME_SPACING:
            return index
    told = ", ".join(f"{mpp:g}" for mpp in known if mpp is not None) or "unknown"
    problem = f"has no level of {options.mpp:g} micrometres per pixel; those of its levels: {told}"
    return _refuse(slide, problem, "choose one of these; only PNG and JPEG are resampled")


def exact_levels(found: list[View]) -> Iterator[Level]:
    """Yield levels whose pixels lie exactly on those of the finest.

    A region begins between two pixels of a coarse level, unless at a multiple of its reduction;
    then that level is made of the finer ones by halving, and left out where it is no halving.
    """
    base = found[0]
    size, halvings = base.size, 0
    for view in found:
        factor_x, factor_y = view.image.reduction_of(base.image)
        power = round(math.log2(factor_x))
        is_halving = factor_x == factor_y == 2**power
        if (base.box.x, base.box.y) == (view.box.x * factor_x, view.box.y * factor_y):
            size = view.size
            yield Level(view.name, size, view.image.spacing_below(base.image), view)
        elif is_halving and halvings >= 0:
            for number in range(halvings + 1, power + 1):
                size = halved(size, 1)
                yield Level(f"1/{2**number}", size, _scaled(base, number), None)
        else:
            return
        halvings = power if is_halving else -1


def halved(size: SizePx, halvings: int) -> SizePx:
    """Return a size halved again and again, each time rounded up."""
    return SizePx(-(-size.width >> halvings), -(-size.height >> halvings))


def dyadic_levels(found: list[View]) -> Iterator[Level]:
    """Yield every halving of the finest level down to one pixel, stored ones where they fit."""
    base = found[0]
    deepest = (max(base.box.width, base.box.height) - 1).bit_length()
    for halvings in range(deepest + 1):
        size = halved(base.size, halvings)
        stored = next((view for view in found if _is_halving(base, view, halvings)), None)
        if stored is not None:
            stored = replace(stored, box=replace(stored.box, width=size.width, height=size.height))
        yield Level(f"1/{2**halvings}", size, _scaled(base, halvings), stored)


def _is_halving(base: View, view: View, halvings: int) -> bool:
    """Tell whether a stored level has all pixels of a halving, and they lie exactly on it."""
    size, factor = halved(base.size, halvings), 2**halvings
    return (
        view.image.reduction_of(base.image) == (factor, factor)
        and (view.box.x * factor, view.box.y * factor) == (base.box.x, base.box.y)
        and view.box.width >= size.width
        and view.box.height >= size.height
    )


def level_spacing(scan: Scan, view: View) -> SpacingMm | None:
    """Return the spacing of a stored level, as that of the finest has it."""
    return view.image.spacing_below(scan.levels[0])


def _scaled(base: View, halvings: int) -> SpacingMm | None:
    spacing = base.image.spacing
    return None if spacing is None else spacing.scaled(2**halvings, 2**halvings)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _refuse(slide: Slide, problem: str, remedy: str) -> NoReturn:
    raise TargetError(problem, file=slide.path, remedy=remedy)
