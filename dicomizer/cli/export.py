# SPDX-License-Identifier: Apache-2.0
"""``dicomizer export``: a DICOM slide as TIFF, Deep Zoom or a picture, or its frames as files."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from dicomizer.cli.events import Events
from dicomizer.cli.options import GIVEN_PATH, counted, json_option, say
from dicomizer.cli.progress import progress

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.export import Box, Export

_CODECS = ("keep", "jpeg", "jpeg2000", "deflate", "none")
_FILE_ONLY = (
    "region", "level", "mpp", "scan", "optical_path", "plane", "codec", "quality", "overwrite",
    "threads",
)  # fmt: skip


class _Region(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.3 on
    name = "X,Y,W,H"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Box:
        """Return the rectangle, or fail with an error of usage."""
        from dicomizer.export import Box

        if isinstance(value, Box):
            return value
        try:
            x, y, width, height = (int(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"found {value!r}, expected four whole numbers: X,Y,WIDTH,HEIGHT", param, ctx)
        return Box(x, y, width, height)


@click.command()
@click.argument("dicom", type=GIVEN_PATH)
@click.argument("out", type=GIVEN_PATH)
@click.option("--region", type=_Region(), help="Part of the slide, in pixels of level 0.")
@click.option("--level", type=click.IntRange(0), help="Finest stored level that is written.")
@click.option(
    "--mpp",
    type=click.FloatRange(0, min_open=True),
    help="Micrometres per pixel instead of a level; PNG and JPEG are resampled to it.",
)
@click.option("--scan", type=click.IntRange(1), help="One of several scans, from 1.")
@click.option("--optical-path", type=click.IntRange(1), help="One of several, from 1.")
@click.option("--plane", type=click.IntRange(1), help="One of several focal planes, from 1.")
@click.option(
    "--codec",
    type=click.Choice(_CODECS),
    default="keep",
    show_default=True,
    help="How pixels are coded; keep codes anew only what the format does not know.",
)
@click.option("--quality", type=click.IntRange(1, 100), help="Of what is coded anew with loss.")
@click.option("--overwrite", is_flag=True, help="Replace a file of that name.")
@click.option("--threads", type=click.IntRange(1, 64), help="By default one for each core.")
@click.option(
    "--events",
    is_flag=True,
    help="Print a line of JSON on standard error whenever frames are done, for programs.",
)
@json_option
@click.pass_context
def export(
    context: click.Context, /, dicom: Path, out: Path, *, as_json: bool, **chosen: object
) -> None:
    """Write a DICOM slide as a file of another format, or each frame as a file.

    DICOM is the folder of a slide, or one of its files. The name of OUT says what is written:

    \b
    .tif       a pyramid as OpenSlide, QuPath, libvips and others read it
    .ome.tif   the same as OME-TIFF, with all optical paths, planes and scans
    .dzi       Deep Zoom for web viewers, with a folder of tiles beside it
    .png .jpg  one picture of a region or a level
    else       a new folder of frames, such as level-0/0003-0017.jpg

    JPEG and JPEG 2000 frames become tiles as they are, and JPEG XL made of JPEG the identical JPEG
    stream. What a format does not know is coded anew without loss, and that is said.
    """  # noqa: D301 - \b is the character by which click keeps lines apart
    from dicomizer import export as exporting

    if chosen["level"] is not None and chosen["mpp"] is not None:
        raise click.UsageError("--level and --mpp exclude each other")
    if not out.name.lower().endswith(exporting.SUFFIXES):
        _check_frames(context)
    told = Events() if chosen.pop("events") else None
    codec = exporting.ExportCodec(chosen.pop("codec"))
    options = exporting.ExportOptions(codec=codec, **chosen)  # type: ignore[arg-type]
    with progress(show=not as_json and not told and sys.stderr.isatty()) as shown:
        done = exporting.export(dicom, out, options, told.report if told else shown)
    _tell(dicom, done, as_json=as_json)


def _check_frames(context: click.Context) -> None:
    """Refuse options that say nothing about frames as files."""
    for name in _FILE_ONLY:
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            option = "--" + name.replace("_", "-")
            raise click.UsageError(
                f"{option} needs a file as OUT: .tif, .ome.tif, .dzi, .png or .jpg"
            )


def _tell(dicom: Path, done: Export, *, as_json: bool) -> None:
    if as_json:
        document = {
            "out": str(done.path),
            "files": done.files,
            "bytes": done.file_bytes,
            "notes": list(done.notes),
        }
        click.echo(json.dumps(document, indent=2))
        return
    for note in done.notes:
        say(f"note: {note}")
    size = f"{done.file_bytes / 1e6:.1f} MB"
    say(f"{dicom}: {counted(done.files, 'file')}, {size} → {done.path}")
