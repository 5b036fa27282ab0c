# SPDX-License-Identifier: Apache-2.0
"""A region or a whole level as one PNG or JPEG, with no more of it in memory than a few rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, cast

import numpy as np

from dicomizer.errors import TargetError
from dicomizer.export import jpeg_file, png, selection
from dicomizer.export.decoded import Decoded
from dicomizer.export.options import Box, ExportCodec
from dicomizer.export.resampled import Resampled
from dicomizer.pipeline import Progress
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.slide import SizePx, SpacingMm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dicomizer.export.decoded import Area
    from dicomizer.export.options import ExportOptions
    from dicomizer.export.selection import View
    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.slide import Slide
    from dicomizer.sources.base import SlideSource

_BAND_BYTES = 32 << 20
_RESAMPLING_SHARE = 16
"""How many times the size of its pixels resampling needs."""
_MOST_ROWS = 1024
_SAME = 0.001
"""Share by which a spacing may be finer than that of the level it is made of."""


def write_picture(
    source: SlideSource,
    path: Path,
    options: ExportOptions,
    report: Callable[[Progress], None],
) -> list[str]:
    """Write a picture, a JPEG where the name says so, and return what a user should know of it.

    Raises
    ------
    TargetError
        The format cannot hold these pixels, or so many of them.
    SourceError
        The slide cannot be read.
    """
    slide = source.slide
    is_jpeg = path.suffix.lower() != ".png"
    if options.codec not in (
        ExportCodec.KEEP,
        ExportCodec.JPEG if is_jpeg else ExportCodec.DEFLATE,
    ):
        _refuse(slide, f"{path.suffix} has a coding of its own", "leave out --codec")
    if not is_jpeg and options.quality is not None:
        _refuse(slide, f"{path.suffix} loses nothing", "leave out --quality, or name a .jpg")
    scan = selection.one_scan(slide, options)
    layer = selection.one_layer(slide, scan, options)
    view, size = _chosen(slide, selection.views(slide, scan, replace(options, mpp=None)), options)
    _check(slide, view, size, is_jpeg=is_jpeg)
    area: Area = Decoded(source, view, layer)
    if size != view.size:
        area = Resampled(area, view.size, size)
    spacing = _spacing(view, size, selection.level_spacing(scan, view))
    rows = _reported(_bands(area, view, size), size, path.name, report)
    profile = view.image.icc_profile
    notes: list[str] = []
    with path.open("wb") as file:
        if not is_jpeg:
            png.write_png(
                file, size, view.image.pixel_format, rows, spacing=spacing, icc_profile=profile
            )
            return notes
        encode = encoder(Codec.JPEG, view.image.pixel_format, options.quality).encode
        strips = _rebanded(rows, jpeg_file.strip_rows(size.width))
        if not jpeg_file.write_jpeg(
            file, size, strips, encode, spacing=spacing, icc_profile=profile
        ):
            notes.append("a JPEG has no room for a spacing as fine: it is left out")
    return notes


def _chosen(slide: Slide, found: list[View], options: ExportOptions) -> tuple[View, SizePx]:
    """Return the view to be drawn, and the size in which."""
    if options.mpp is None:
        return found[0], found[0].size
    spacings = [view.image.spacing_below(found[0].image) for view in found]
    finest = spacings[0]
    if finest is None:
        _refuse(slide, "its spacing is not known", "leave out --mpp")
    if finest.mpp[0] > options.mpp * (1 + _SAME):
        problem = f"has {finest.mpp[0]:g} micrometres per pixel, {options.mpp:g} is finer"
        _refuse(slide, problem, "choose a larger --mpp; no pixel is invented")
    view, spacing = found[0], finest
    for coarser, its in zip(found, spacings, strict=True):
        if its is not None and its.mpp[0] <= options.mpp * (1 + _SAME):
            view, spacing = coarser, its
    ratio_x, ratio_y = (mpp / options.mpp for mpp in spacing.mpp)
    width, height = round(view.box.width * ratio_x), round(view.box.height * ratio_y)
    return view, SizePx(min(max(1, width), view.box.width), min(max(1, height), view.box.height))


def _check(slide: Slide, view: View, size: SizePx, *, is_jpeg: bool) -> None:
    bits = view.image.pixel_format.bits
    if is_jpeg and bits != 8:
        _refuse(slide, f"a JPEG has 8 bits for a sample, the pixels have {bits}", "write .png")
    most = jpeg_file.LARGEST_SIDE if is_jpeg else png.LARGEST_SIDE
    if max(size.width, size.height) > most:
        problem = f"{size} pixels are more than the {most:,} a side that programs read"
        _refuse(slide, problem, "choose a --region, a coarser --level or --mpp, or write .tif")


def _spacing(view: View, size: SizePx, spacing: SpacingMm | None) -> SpacingMm | None:
    if spacing is None:
        return None
    return spacing.scaled(view.box.width / size.width, view.box.height / size.height)


def _bands(area: Area, view: View, size: SizePx) -> Iterator[Pixels]:
    """Yield rows from top to bottom, where it can be up to the end of a row of stored tiles."""
    stored_bytes = view.box.width * view.image.pixel_format.bytes_per_pixel
    if size != view.size:
        stored_bytes *= _RESAMPLING_SHARE
    most = max(1, int(_BAND_BYTES / stored_bytes / (view.box.height / size.height)))
    unit = view.image.tile_size.height
    offset = view.box.y if size == view.size else 0
    top = 0
    while top < size.height:
        rows = min(most, unit - (top + offset) % unit, _MOST_ROWS, size.height - top)
        yield area(Box(0, top, size.width, rows))
        top += rows


def _rebanded(bands: Iterator[Pixels], rows: int) -> Iterator[Pixels]:
    """Yield bands of another height."""
    held: list[Pixels] = []
    for band in bands:
        held.append(band)
        if sum(item.shape[0] for item in held) < rows:
            continue
        joined = cast("Pixels", np.concatenate(held))
        whole = joined.shape[0] // rows * rows
        yield from (joined[top : top + rows] for top in range(0, whole, rows))
        held = [joined[whole:]]
    rest = cast("Pixels", np.concatenate(held))
    if rest.shape[0]:
        yield rest


def _reported(
    bands: Iterator[Pixels], size: SizePx, name: str, report: Callable[[Progress], None]
) -> Iterator[Pixels]:
    done = 0
    for band in bands:
        yield band
        done += band.shape[0]
        report(Progress(name, done, size.height))


def _refuse(slide: Slide, problem: str, remedy: str) -> NoReturn:
    raise TargetError(problem, file=slide.path, remedy=remedy)
