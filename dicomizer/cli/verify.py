# SPDX-License-Identifier: Apache-2.0
"""``dicomizer verify``: a slide against what was converted from it."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from dicomizer.cli.options import GIVEN_PATH, counted, json_option, say, slide_argument
from dicomizer.cli.progress import progress
from dicomizer.cli.supervised import supervision

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.cli.supervised import Supervision
    from dicomizer.verify import ImageReport, Verification, VerifyOptions

_WIDTH_OF_PIPE = 1000
_HEADINGS = ("image", "file", "frames", "verdict", "PSNR", "worst", "SSIM", "largest")
_NUMBERS = ("frames", "PSNR", "worst", "SSIM", "largest")


def _positive(
    _context: click.Context, _option: click.Parameter, value: float | None
) -> float | None:
    """Check a number that is above 0 and finite."""
    if value is not None and not 0 < value <= 1000:
        raise click.BadParameter(f"{value} is not above 0 and up to 1000")
    return value


@click.command()
@slide_argument
@click.argument("dicom", type=GIVEN_PATH)
@click.option(
    "--min-psnr",
    "least_psnr",
    type=float,
    callback=_positive,
    metavar="DB",
    help="Lowest peak signal-to-noise ratio of a frame that is good, wherever pixels are "
    "compared. Default: 40 dB, or 3 dB below what our encoder reaches with the same pixels and "
    "quality; 25 dB where the quality is not known; without loss, nothing may differ.",
)
@click.option(
    "--quality",
    type=click.IntRange(1, 100),
    metavar="NUMBER",
    help="The --quality of the conversion, where neither JPEG tables nor the header tell it.",
)
@click.option(
    "--mpp",
    type=float,
    callback=_positive,
    metavar="MICROMETRES",
    help="The --mpp of the conversion. Default: what the slide tells; where it does not, the "
    "DICOM is believed.",
)
@click.option(
    "--assume-magnification",
    "magnification",
    type=float,
    callback=_positive,
    metavar="NUMBER",
    help="The --assume-magnification of the conversion.",
)
@click.option(
    "--metadata",
    type=GIVEN_PATH,
    metavar="FILE",
    help="The --metadata of the conversion.",
)
@click.option(
    "--levels",
    type=click.Choice(("stored", "dyadic", "all")),
    help="The --levels of the conversion. Default: those that fit what is there best.",
)
@click.option("--no-label", is_flag=True, help="Label and overview must not be there.")
@click.option(
    "--on-bad-tile",
    type=click.Choice(("fail", "blank", "resample")),
    default="fail",
    show_default=True,
    help="The --on-bad-tile of the conversion.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    metavar="NUMBER",
    help="How many decode and compare. Default: one for each core, up to 8.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but differences and errors.")
@json_option
@click.pass_context
def verify(
    context: click.Context,
    /,
    slide: Path,
    dicom: Path,
    *,
    quiet: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Compare SLIDE with DICOM, what was converted from it.

    SLIDE is one slide file, or the folder of a DICOM slide. DICOM is the folder that it was
    converted to, or one file of that.

    Frames that were passed through must be the same scans, bit for bit; of all others the pixels
    are compared with what they should be. Size, spacing, colours, place, history and metadata are
    compared too. Options that changed the result must be given again where they are listed here.
    Exits with 1 on differences.
    """
    from dicomizer.verify import verify as verify_files

    supervised = supervision(context)
    options = _options(slide, values, supervised)
    show = not quiet and not as_json and sys.stderr.isatty()
    with progress(show=show) as shown:
        report = supervised.report if supervised else shown
        found = verify_files(slide, dicom, options, report)
    if as_json:
        click.echo(json.dumps(_document(slide, dicom, found), indent=2))
    else:
        _show(dicom, found, quiet=quiet)
    context.exit(0 if found.is_same else 1)


def _options(slide: Path, values: dict[str, Any], supervised: Supervision | None) -> VerifyOptions:
    from dicomizer.dicom.metadata import SlideMetadata
    from dicomizer.dicom.schema.files import read_metadata
    from dicomizer.options import ConvertOptions, Levels, OnBadTile
    from dicomizer.slide import SpacingMm
    from dicomizer.verify import VerifyOptions

    mpp, file = values["mpp"], values["metadata"]
    told = supervised.told_metadata() if supervised else None
    return VerifyOptions(
        ConvertOptions(
            metadata=told or (read_metadata(file, slide) if file else SlideMetadata()),
            spacing=SpacingMm.from_mpp(mpp, mpp) if mpp else None,
            magnification=values["magnification"],
            label=not values["no_label"],
            levels=Levels(values["levels"]) if values["levels"] else None,
            on_bad_tile=OnBadTile(values["on_bad_tile"]),
        ),
        quality=values["quality"],
        least_psnr=values["least_psnr"],
        threads=values["threads"],
    )


def _show(dicom: Path, found: Verification, *, quiet: bool) -> None:
    if not quiet:
        _show_table(found)
    for difference in found.differences:
        say(f"difference: {difference}")
    if not quiet:
        for note in found.notes:
            say(f"note: {note}", err=True)
    if not (quiet and found.is_same):
        say(_summary(dicom, found))


def _show_table(found: Verification) -> None:
    from rich.console import Console
    from rich.table import Table

    # A pipe has no width that lines would have to be broken for.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_PIPE)
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right" if heading in _NUMBERS else "left")
    for image in found.images:
        table.add_row(image.name, image.file, f"{image.frames:,}", *_measures(image))
    console.print(table)


def _measures(image: ImageReport) -> tuple[str, ...]:
    verdict = image.verdict.value
    if image.bad_frames:
        verdict += f" ({counted(image.bad_frames, 'frame')})"
    if not image.largest_error:
        return verdict, "-", "-", "-", "-" if image.largest_error is None else "0"
    return (
        verdict,
        f"{image.psnr:.1f} dB",
        f"{image.worst_psnr:.1f} dB",
        f"{image.ssim:.4f}",
        str(image.largest_error),
    )


def _summary(dicom: Path, found: Verification) -> str:
    frames = sum(image.frames for image in found.images)
    told = "the same" if found.is_same else counted(len(found.differences), "difference")
    return (
        f"{dicom}: {told}, {counted(len(found.images), 'image')}, "
        f"{counted(frames, 'frame')} compared in {found.seconds:.2f} s"
    )


def _document(slide: Path, dicom: Path, found: Verification) -> dict[str, object]:
    return {
        "slide": str(slide),
        "dicom": str(dicom),
        "same": found.is_same,
        "seconds": round(found.seconds, 3),
        "images": [_image_document(image) for image in found.images],
        "differences": [asdict(difference) for difference in found.differences],
        "notes": list(found.notes),
    }


def _image_document(image: ImageReport) -> dict[str, object]:
    document = asdict(image)
    document["verdict"] = image.verdict.name.lower()
    document["good"] = image.verdict.is_good
    for name in ("psnr", "worst_psnr"):
        # JSON has no infinity; where nothing differs, the largest error tells it.
        value = document[name]
        document[name] = value if value is not None and math.isfinite(value) else None
    return document
