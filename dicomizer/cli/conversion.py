# SPDX-License-Identifier: Apache-2.0
"""Options of every verb that converts, and the `ConvertOptions` that they make."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomizer.options import ConvertOptions

_LEVELS = ("stored", "dyadic", "all")
_CODECS = ("keep", "jpeg", "jpeg2000", "htj2k", "jpegls", "jxl", "rle", "none")
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_LEAST_INSTANCE_BYTES = 1_000_000
_MOST = {"mpp": 1000.0, "magnification": 1000.0}


def _bytes(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    """Read a size such as 500MB or 2GB, in decimal units."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", value.strip().upper())
    if match is None:
        raise click.BadParameter(f"{value!r} is no size, such as 500MB or 2GB")
    size = int(float(match[1]) * _UNITS[match[2]])
    if size < _LEAST_INSTANCE_BYTES:
        raise click.BadParameter(f"{value!r} is less than 1MB")
    return size


def _positive(
    _context: click.Context, option: click.Parameter, value: float | None
) -> float | None:
    """Check a number that is above 0 and finite."""
    if value is not None and not (math.isfinite(value) and 0 < value <= _MOST[option.name or ""]):
        most = _MOST[option.name or ""]
        raise click.BadParameter(f"{value} is not above 0 and up to {most:g}")
    return value


def _tile_size(_context: click.Context, _option: click.Parameter, value: int | None) -> int | None:
    """Check the edge of square tiles: a multiple of 16 as TIFF and JPEG have it."""
    if value is not None and (value % 16 or not 64 <= value <= 4096):
        raise click.BadParameter(f"{value} is no multiple of 16 between 64 and 4096")
    return value


_OPTIONS = (
    click.option(
        "--metadata",
        type=click.Path(path_type=Path),
        metavar="FILE.json",
        help="Patient, study and specimen; see samples/metadata.json. Without it the "
        "header names nobody.",
    ),
    click.option(
        "--mpp",
        type=float,
        callback=_positive,
        help="Micrometres per pixel of the finest level; goes over what the file says.",
    ),
    click.option(
        "--assume-magnification",
        "magnification",
        type=float,
        callback=_positive,
        help="Objective, such as 40, to estimate the pixel size from where the file has none.",
    ),
    click.option(
        "--levels",
        type=click.Choice(_LEVELS),
        help="Levels to write: those stored in the file (default); every halving down to one "
        "frame, derived where missing (default for flat images); or both.",
    ),
    click.option(
        "--codec",
        type=click.Choice(_CODECS),
        default="keep",
        show_default=True,
        help="How frames are coded: as stored, or anew. All but jpeg are lossless without "
        "--quality; jxl keeps stored JPEG recoverable bit for bit.",
    ),
    click.option(
        "--quality",
        type=click.IntRange(1, 100),
        help="Of lossy coding; jpeg has 80 by default.",
    ),
    click.option(
        "--tile-size",
        type=int,
        callback=_tile_size,
        metavar="PIXELS",
        help="Edge of the frames; other than that of the stored tiles, they are coded anew.",
    ),
    click.option(
        "--max-instance-size",
        callback=_bytes,
        metavar="SIZE",
        help="Divide levels into concatenations of files up to this, for example 500MB.",
    ),
    click.option(
        "--fill-missing",
        is_flag=True,
        help="Write frames that the slide does not hold as background, for readers that do not "
        "know sparse tiling.",
    ),
    click.option(
        "--dual", is_flag=True, help="Write files that are TIFF as well, for other programs."
    ),
    click.option(
        "--no-label",
        is_flag=True,
        help="Leave out label and overview, which may show a patient's name.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace the slide that OUT holds."),
    click.option(
        "--threads", type=click.IntRange(1, 64), help="That decode and encode; one for each core."
    ),
)


def conversion_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a conversion."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_options(values: dict[str, Any]) -> ConvertOptions:
    """Return what the values of `conversion_options` ask for.

    Raises
    ------
    MetadataError
        The metadata file cannot be used.
    """
    from dicomizer.dicom.metadata import SlideMetadata
    from dicomizer.dicom.schema.json import read_metadata
    from dicomizer.options import ConvertOptions, Levels
    from dicomizer.pixels.codecs.codec import Codec
    from dicomizer.slide import SizePx, SpacingMm

    for other in ("max_instance_size", "fill_missing"):
        if values["dual"] and values[other]:
            option = other.replace("_", "-")
            raise click.UsageError(f"--dual and --{option} cannot be combined")
    metadata, mpp, tile = values["metadata"], values["mpp"], values["tile_size"]
    return ConvertOptions(
        metadata=read_metadata(metadata) if metadata else SlideMetadata(),
        spacing=SpacingMm.from_mpp(mpp, mpp) if mpp else None,
        magnification=values["magnification"],
        label=not values["no_label"],
        overwrite=values["overwrite"],
        levels=Levels(values["levels"]) if values["levels"] else None,
        codec=Codec(values["codec"]),
        quality=values["quality"],
        tile_size=SizePx(tile, tile) if tile else None,
        max_instance_bytes=values["max_instance_size"],
        fill_missing=values["fill_missing"],
        dual=values["dual"],
        threads=values["threads"],
    )
