# SPDX-License-Identifier: Apache-2.0
"""``dicomizer convert``: a slide to DICOM instances in a folder."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicomizer.cli.options import json_option, slide_argument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dicomizer.convert import Conversion
    from dicomizer.options import ConvertOptions
    from dicomizer.pipeline import Progress, WrittenInstance


@click.command()
@slide_argument
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--metadata",
    "metadata_file",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Patient, study and specimen; see samples/metadata.json. Without it the "
    "header names nobody.",
)
@click.option(
    "--mpp",
    type=float,
    help="Micrometres per pixel of the finest level; goes over what the file says.",
)
@click.option(
    "--no-label",
    is_flag=True,
    help="Leave out label and overview, which may show a patient's name.",
)
@click.option("--overwrite", is_flag=True, help="Replace the slide that OUT holds.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@json_option
def convert(  # noqa: PLR0913 - an argument for each option is click's way
    slide: Path,
    out: Path,
    metadata_file: Path | None,
    mpp: float | None,
    *,
    no_label: bool,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Convert SLIDE to DICOM instances in the folder OUT.

    Stored tiles are passed through without decoding: one instance for each level of the pyramid,
    and one each for label, overview and thumbnail.
    """
    options = _options(metadata_file, mpp, label=not no_label, overwrite=overwrite)

    from dicomizer.convert import convert as convert_slide

    with _progress(show=not quiet and not as_json and sys.stderr.isatty()) as report:
        conversion = convert_slide(slide, out, options, report)
    if as_json:
        click.echo(json.dumps(_document(conversion), indent=2))
    elif not quiet:
        for note in conversion.plan.notes:
            click.echo(f"note: {note}", err=True)
        click.echo(_summary(conversion))


def _options(
    metadata_file: Path | None, mpp: float | None, *, label: bool, overwrite: bool
) -> ConvertOptions:
    if mpp is not None and not (math.isfinite(mpp) and 0 < mpp <= 1000):
        raise click.BadParameter(f"{mpp} is not between 0 and 1000 micrometres", param_hint="--mpp")
    from dicomizer.dicom.metadata import SlideMetadata
    from dicomizer.dicom.schema.json import read_metadata
    from dicomizer.options import ConvertOptions
    from dicomizer.slide import SpacingMm

    return ConvertOptions(
        metadata=read_metadata(metadata_file) if metadata_file else SlideMetadata(),
        spacing=SpacingMm.from_mpp(mpp, mpp) if mpp else None,
        label=label,
        overwrite=overwrite,
    )


@contextlib.contextmanager
def _progress(*, show: bool) -> Iterator[Callable[[Progress], None]]:
    """Give a function that draws a progress bar, or one that does nothing."""
    if not show:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description:<14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("opening", total=None)

        def report(progress: Progress) -> None:
            bar.update(
                task,
                description=progress.file_name,
                completed=progress.frames_done,
                total=progress.frames_total,
            )

        yield report


def _summary(conversion: Conversion) -> str:
    plan = conversion.plan
    return (
        f"{plan.slide_name}: {len(plan.instances)} instances, {plan.number_of_frames:,} frames, "
        f"{conversion.file_bytes / 1e6:.1f} MB in {conversion.seconds:.2f} s → {conversion.folder}"
    )


def _document(conversion: Conversion) -> dict[str, object]:
    plan = conversion.plan
    return {
        "slide": plan.slide_name,
        "format": plan.format_name,
        "folder": str(conversion.folder),
        "study_instance_uid": plan.metadata.study.uid,
        "series_instance_uid": plan.metadata.series.uid,
        "seconds": round(conversion.seconds, 3),
        "file_bytes": conversion.file_bytes,
        "notes": list(plan.notes),
        "instances": [_instance_document(item) for item in conversion.instances],
    }


def _instance_document(written: WrittenInstance) -> dict[str, object]:
    plan = written.plan
    spacing = plan.image.spacing
    return {
        "file": plan.file_name,
        "sop_instance_uid": plan.sop_instance_uid,
        "image_type": list(plan.image_type),
        "route": plan.route.value,
        "transfer_syntax_uid": plan.transfer_syntax.value,
        "photometric_interpretation": plan.photometric_interpretation,
        "total_pixel_matrix_columns": plan.image.size.width,
        "total_pixel_matrix_rows": plan.image.size.height,
        "columns": plan.image.tile_size.width,
        "rows": plan.image.tile_size.height,
        "number_of_frames": plan.number_of_frames,
        "mpp": list(spacing.mpp) if spacing else None,
        "file_bytes": written.file_bytes,
    }
