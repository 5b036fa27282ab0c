# SPDX-License-Identifier: Apache-2.0
"""Options of every verb that converts, and the `ConvertOptions` that they make."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import click

from dicomizer.cli.options import GIVEN_PATH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dicomizer.cli.supervised import Supervision
    from dicomizer.options import ConvertOptions

_LEVELS = ("stored", "dyadic", "all")
_CODECS = ("keep", "jpeg", "jpeg2000", "htj2k", "jpegls", "jxl", "rle", "none")
_ALWAYS_LOSSLESS = ("rle", "none")
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
        type=GIVEN_PATH,
        metavar="FILE",
        help="Patient, study and specimens: JSON as in samples/metadata.json, CSV with a row for "
        "each slide, or an earlier DICOM file of it; instead of what the slide tells. Without it "
        "the header names nobody.",
    ),
    click.option(
        "--mpp",
        type=float,
        callback=_positive,
        metavar="MICROMETRES",
        help="Size of a pixel of the finest level, such as 0.25; instead of what the slide tells.",
    ),
    click.option(
        "--assume-magnification",
        "magnification",
        type=float,
        callback=_positive,
        metavar="NUMBER",
        help="Objective, such as 40, to estimate the size of a pixel from where the slide does "
        "not tell it.",
    ),
    click.option(
        "--levels",
        type=click.Choice(_LEVELS),
        help="stored: the levels in the file. dyadic: every halving of the finest down to one "
        "frame, derived where the file has none. all: both. Default: stored; but dyadic where the "
        "file has a single level, without compression or in one that DICOM does not know, such as "
        "PNG, LZW or WebP.",
    ),
    click.option(
        "--codec",
        type=click.Choice(_CODECS),
        default="keep",
        show_default=True,
        help="Keep frames as they are stored, or code them anew: all but jpeg without loss, unless "
        "--quality is given; jxl keeps stored JPEG recoverable bit for bit.",
    ),
    click.option(
        "--quality",
        type=click.IntRange(1, 100),
        metavar="NUMBER",
        help="Code anew with loss; 100 is best. Default: 80 for jpeg, no loss for all others.",
    ),
    click.option(
        "--tile-size",
        type=int,
        callback=_tile_size,
        metavar="PIXELS",
        help="Edge of the frames, a multiple of 16. Stored tiles of another size are coded anew.",
    ),
    click.option(
        "--max-instance-size",
        callback=_bytes,
        metavar="SIZE",
        help="Divide larger levels into several files, a concatenation; for example 500MB.",
    ),
    click.option(
        "--fill-missing",
        is_flag=True,
        help="Write tiles that were not scanned as background, white or in fluorescence black, "
        "for readers that do not know sparse tiling.",
    ),
    click.option(
        "--on-bad-tile",
        type=click.Choice(("fail", "blank", "resample")),
        default="fail",
        show_default=True,
        help="What becomes of a tile that is damaged: all fails, or background is in its place, or "
        "the next coarser level enlarged. For the latter two all tiles are decoded, which takes "
        "longer.",
    ),
    click.option(
        "--dual",
        is_flag=True,
        help="Write files that are TIFF as well, for other programs. Not together with "
        "--fill-missing, --max-instance-size or repaired tiles.",
    ),
    click.option(
        "--no-label",
        is_flag=True,
        help="Leave out label and overview, which may show a patient's name.",
    ),
    click.option(
        "--uids",
        type=click.Choice(("random", "stable")),
        default="random",
        show_default=True,
        help="stable: the same slide and options give the same files again, byte for byte.",
    ),
    click.option(
        "--uid-key",
        metavar="TEXT",
        envvar="DICOMIZER_UID_KEY",
        help="For stable UIDs: without it nobody can tell from them which slide they belong to.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace the slide that OUT holds."),
    click.option(
        "--threads",
        type=click.IntRange(1, 64),
        metavar="NUMBER",
        help="How many decode and encode. Default: one for each core, up to 8.",
    ),
)


def conversion_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a conversion."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_options(
    values: dict[str, Any], slide: Path | None = None, supervision: Supervision | None = None
) -> ConvertOptions:
    """Return what the values of `conversion_options` ask for.

    Parameters
    ----------
    slide
        The slide file, by which its row in a table of metadata is found.
    supervision
        Whose metadata go instead of a file's.

    Raises
    ------
    MetadataError
        The metadata file cannot be used.
    """
    from dicomizer.dicom.metadata import SlideMetadata
    from dicomizer.dicom.schema.files import read_metadata
    from dicomizer.options import ConvertOptions, Levels, OnBadTile, UidChoice
    from dicomizer.pixels.codecs.codec import Codec
    from dicomizer.slide import SizePx, SpacingMm

    for other in ("max_instance_size", "fill_missing"):
        if values["dual"] and values[other]:
            option = other.replace("_", "-")
            raise click.UsageError(f"--dual and --{option} cannot be combined")
    if values["dual"] and values["on_bad_tile"] != "fail":
        raise click.UsageError("--dual and --on-bad-tile cannot be combined, unless bad tiles fail")
    if values["quality"] and values["codec"] in _ALWAYS_LOSSLESS:
        raise click.UsageError(f"--codec {values['codec']} loses nothing and takes no --quality")
    file, mpp, tile = values["metadata"], values["mpp"], values["tile_size"]
    told = supervision.told_metadata() if supervision else None
    return ConvertOptions(
        metadata=told or (read_metadata(file, slide) if file else SlideMetadata()),
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
        on_bad_tile=OnBadTile(values["on_bad_tile"]),
        uids=UidChoice(values["uids"]),
        uid_key=values["uid_key"],
        threads=values["threads"],
    )
