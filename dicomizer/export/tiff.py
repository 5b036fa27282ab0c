# SPDX-License-Identifier: Apache-2.0
"""A slide as a pyramidal TIFF: generic, or an OME-TIFF.

In a generic TIFF the levels follow one another, marked as reduced images (NewSubfileType), which
is what OpenSlide takes for a pyramid; label, overview and thumbnail are strips behind them, which
it leaves aside. In an OME-TIFF the levels hang on each plane as SubIFDs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.export import selection
from dicomizer.export.coding import APERIO_RGB
from dicomizer.export.images import Chain, Images
from dicomizer.export.ome_xml import OmeImage, ome_xml
from dicomizer.export.tiff_file import TiffFile
from dicomizer.pipeline import Progress
from dicomizer.slide import Flavor, OpticalPath

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dicomizer.export.options import ExportOptions
    from dicomizer.export.tiff_file import Page
    from dicomizer.slide import Scan, Slide, SlideImage
    from dicomizer.sources.base import SlideSource

_NAMES = {Flavor.LABEL: "label", Flavor.OVERVIEW: "macro", Flavor.THUMBNAIL: "thumbnail"}
"""As programs for OME-TIFF, and OpenSlide in other formats, call them."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Pages in the order of the file's directories, and what fills them."""

    pages: list[Page]
    chains: list[Chain]


def write_tiff(
    source: SlideSource,
    path: Path,
    options: ExportOptions,
    threads: int,
    report: Callable[[Progress], None],
) -> list[str]:
    """Write a generic TIFF, and return what a user should know of it.

    Raises
    ------
    TargetError
        The slide has more than the format has room for, or not what was asked for.
    SourceError
        It cannot be read to its end.
    """
    notes: list[str] = []
    images = Images(source, options, threads, notes)
    slide = source.slide
    scan = selection.one_scan(slide, options)
    layer = selection.one_layer(slide, scan, options)
    chains = images.levels(_levels(slide, scan, options, notes), layer)
    pages = [page for chain in chains for page in chain.pages]
    for page in pages[1:]:
        page.is_reduced = True
    if any(page.coding.compression == APERIO_RGB for page in pages):
        notes.append(
            "OpenSlide reads no JPEG 2000 in a generic TIFF; --codec deflate or jpeg is read"
        )
    for name, image in _associated(slide, options):
        if image.flavor is Flavor.THUMBNAIL:
            notes.append("thumbnail left out: readers take it for a level; .ome.tif has it")
            continue
        chain = images.associated(selection.whole(image, slide.scans[0], name))
        chain.pages[0].description = name
        chains.append(chain)
        pages += chain.pages
    _write(_Plan(pages, chains), images, path, report)
    return notes


def write_ome_tiff(
    source: SlideSource,
    path: Path,
    options: ExportOptions,
    threads: int,
    report: Callable[[Progress], None],
) -> list[str]:
    """Write an OME-TIFF, and return what a user should know of it.

    Raises
    ------
    TargetError
        The slide has not what was asked for.
    SourceError
        It cannot be read to its end.
    """
    notes: list[str] = []
    images = Images(source, options, threads, notes)
    slide = source.slide
    plan, described = _Plan([], []), []
    for number, scan in enumerate(selection.chosen_scans(slide, options), start=1):
        levels = _levels(slide, scan, options, notes)
        layers = selection.chosen_layers(slide, scan, options)
        for layer in layers:
            chains = images.levels(levels, layer)
            first, *others = [page for chain in chains for page in chain.pages]
            first.children = others
            for page in others:
                page.is_reduced = True
            plan.chains.extend(chains)
            plan.pages.append(first)
        described.append(_described(scan, levels[0], layers, f"scan {number}"))
    for name, image in _associated(slide, options):
        chain = images.associated(selection.whole(image, slide.scans[0], name))
        plan.chains.append(chain)
        plan.pages.extend(chain.pages)
        described.append(
            OmeImage(name, image.size, image.pixel_format, image.spacing, (OpticalPath(),))
        )
    plan.pages[0].description = ome_xml(described)
    _write(plan, images, path, report)
    return notes


def _levels(
    slide: Slide, scan: Scan, options: ExportOptions, notes: list[str]
) -> list[selection.Level]:
    """Return the levels that lie exactly on one another."""
    found = selection.views(slide, scan, options)
    levels = list(selection.exact_levels(found))
    coarsest = levels[-1].size.width
    notes += [
        f"{view.name} left out: the region begins between two of its pixels"
        for view in found
        if view.size.width < coarsest - 1
    ]
    return levels


def _described(scan: Scan, level: selection.Level, layers: list[int], name: str) -> OmeImage:
    assert level.view is not None
    image = level.view.image
    paths = sorted({layer // image.planes for layer in layers})
    return OmeImage(
        name=scan.name or name,
        size=level.size,
        pixel_format=image.pixel_format,
        spacing=level.spacing,
        paths=tuple(scan.optical_paths[path] for path in paths),
        planes=len(layers) // len(paths),
        plane_spacing_um=scan.plane_spacing_um if len(layers) > len(paths) else None,
    )


def _associated(slide: Slide, options: ExportOptions) -> list[tuple[str, SlideImage]]:
    """Return small images by name; a region is exported without them."""
    if options.region is not None:
        return []
    return [(_NAMES[image.flavor], image) for image in slide.associated]


def _write(plan: _Plan, images: Images, path: Path, report: Callable[[Progress], None]) -> None:
    total = sum(chain.number_of_tiles for chain in plan.chains)
    done = 0
    with path.open("wb") as opened:
        file = TiffFile(opened)
        for chain in plan.chains:
            for new in images.write(chain, file):
                done += new
                report(Progress(chain.view.name, done, total))
        file.finish(plan.pages)
