# SPDX-License-Identifier: Apache-2.0
"""``dicomizer export``: the frames of a DICOM slide as files."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from dicomizer.cli.options import GIVEN_PATH, counted, json_option
from dicomizer.cli.progress import progress

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("dicom", type=GIVEN_PATH)
@click.argument("out", type=GIVEN_PATH)
@json_option
def export(dicom: Path, out: Path, *, as_json: bool) -> None:
    """Write each frame of a DICOM slide as a file.

    DICOM is the folder of a slide, or one of its files. OUT is a new folder; frames are named by
    their row and column in it, such as level-0/0003-0017.jpg.

    Compressed frames come out as they are stored, and JPEG XL made of JPEG as the identical JPEG
    stream; all others become PNG.
    """
    from dicomizer.export import export_frames

    with progress(show=not as_json and sys.stderr.isatty()) as report:
        done = export_frames(dicom, out, report)
    if as_json:
        document = {"folder": str(done.folder), "files": done.files, "bytes": done.file_bytes}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(
            f"{dicom}: {counted(done.files, 'file')}, {done.file_bytes / 1e6:.1f} MB → {out}"
        )
