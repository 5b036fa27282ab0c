# SPDX-License-Identifier: Apache-2.0
"""``dicomizer convert``: a slide to DICOM instances in a folder, or at a peer."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from dicomizer.cli.batch import convert_many, is_many
from dicomizer.cli.conversion import conversion_options, read_options
from dicomizer.cli.events import Events
from dicomizer.cli.options import GIVEN_PATH, counted, json_option, say, slide_argument
from dicomizer.cli.progress import progress
from dicomizer.cli.sending import (
    Sending,
    outcomes_document,
    room_until_sent,
    sending_options,
    show_outcomes,
)
from dicomizer.cli.supervised import supervision

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.convert import Conversion
    from dicomizer.pipeline import WrittenInstance


@click.command()
@slide_argument
@click.argument("out", type=GIVEN_PATH, required=False, metavar="OUT")
@conversion_options
@click.option(
    "--to",
    "address",
    metavar="URL",
    help="Send the instances, as dicomizer send does. Without OUT they are kept only until the "
    "peer has them.",
)
@sending_options
@click.option(
    "--events",
    is_flag=True,
    help="Print a line of JSON on standard error whenever frames or an instance are done, for "
    "programs that look on. SLIDE is one slide then, whatever its name.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="NUMBER",
    help="Of many slides, how many at the same time. Default: one on each core, as far as memory "
    "goes.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@json_option
@click.pass_context
def convert(
    context: click.Context,
    /,
    slide: Path,
    out: Path | None,
    *,
    address: str | None,
    quiet: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Convert SLIDE to DICOM instances in the folder OUT.

    SLIDE is one slide file, or the folder of a DICOM slide. OUT is made if it does not exist;
    nothing appears in it before everything is written. With --to it may be left out.

    There will be one instance for each level of the pyramid, and one each for label, overview
    and thumbnail. Stored tiles are not decoded wherever DICOM knows their coding.

    Many slides are converted where SLIDE is a folder of slides, a pattern in quotes such as
    "scans/**/*.svs", or a list: a CSV file with a row for each slide, as for --metadata. Each has
    a folder of its own below OUT, where manifest.jsonl tells what became of it. The same command
    again goes on after an interruption, and tries again what failed. Exits with 3 where some
    failed, and with 1 where all did.
    """
    events, jobs = values.pop("events"), values.pop("jobs")
    # A program may have the file from somebody else, whose names name no other files.
    if not events and is_many(slide):
        context.exit(convert_many(context, slide, out, jobs))
    sending = Sending.read(address, values)
    if out is None and sending is None:
        raise click.UsageError("give the folder OUT, or a peer by --to")
    supervised = supervision(context)
    options = read_options(values, slide, supervised)

    from dicomizer.convert import convert as convert_slide

    show = not quiet and not as_json and not events and sys.stderr.isatty()
    told = Events() if events else None
    with room_until_sent(slide, out, sending) as room:
        if room.is_temporary:
            options = replace(options, overwrite=True)
        keeps_states = room.is_temporary or bool(supervised and supervised.keeps_states)
        with progress(show=show) as shown:
            report = supervised.report if supervised else shown
            conversion = convert_slide(
                slide,
                room.folder,
                options,
                told.report if told else report,
                keeps_states=keeps_states,
                tell=told.tell if told else lambda _: None,
            )
        room.is_whole = True
        if not quiet and not as_json:
            _show(conversion)
        document = _document(conversion)
        if sending is not None:
            outcomes, notes = sending.send(_files(conversion), show=show)
            room.is_sent = all(outcome.is_good for outcome in outcomes)
            document["sent"] = outcomes_document(outcomes, notes, sending.address)
            if not as_json and not (quiet and room.is_sent):
                show_outcomes(outcomes, notes, sending.address)
    if as_json:
        click.echo(json.dumps(document, indent=2))
    context.exit(0 if room.is_sent else 1)


def _files(conversion: Conversion) -> list[Path]:
    """Return what was written, and nothing else that is in the folder."""
    return [
        conversion.folder / file.name
        for instance in conversion.instances
        for file in instance.files
    ]


def _show(conversion: Conversion) -> None:
    for note in conversion.plan.notes:
        say(f"note: {note}", err=True)
    for tile in conversion.bad_tiles:
        say(f"bad tile: {tile}", err=True)
    if conversion.resumed_frames:
        done, total = conversion.resumed_frames, conversion.plan.number_of_frames
        say(f"note: went on after {done:,} of {total:,} frames", err=True)
    say(_summary(conversion))


def _summary(conversion: Conversion) -> str:
    plan = conversion.plan
    return (
        f"{plan.slide_name}: {counted(len(plan.instances), 'instance')}, "
        f"{counted(plan.number_of_frames, 'frame')}, "
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
        "resumed_frames": conversion.resumed_frames,
        "bad_tiles": [asdict(tile) for tile in conversion.bad_tiles],
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
        "focal_planes": plan.image.planes,
        "optical_paths": plan.image.paths,
        "tiling": plan.tiling.value,
        "mpp": list(spacing.mpp) if spacing else None,
        "files": [file.name for file in written.files],
        "file_bytes": written.file_bytes,
    }
