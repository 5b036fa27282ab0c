# SPDX-License-Identifier: Apache-2.0
"""``dicomizer export``: the frames of a DICOM slide as files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from dicomizer.cli.options import json_option
from dicomizer.cli.progress import progress


@click.command()
@click.argument("dicom", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@json_option
def export(dicom: Path, out: Path, *, as_json: bool) -> None:
    """Write the frames of DICOM, a folder or one of its files, as files into the new folder OUT.

    JPEG frames come out as they are stored; JPEG XL made of JPEG gives back the identical JPEG
    stream; uncompressed frames become PNG.
    """
    from dicomizer.export import export_frames

    with progress(show=not as_json and sys.stderr.isatty()) as report:
        done = export_frames(dicom, out, report)
    if as_json:
        document = {"folder": str(done.folder), "files": done.files, "bytes": done.file_bytes}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(f"{dicom}: {done.files:,} files, {done.file_bytes / 1e6:.1f} MB → {out}")
