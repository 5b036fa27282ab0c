# SPDX-License-Identifier: Apache-2.0
"""``dicomizer metadata``: what a file for ``convert --metadata`` says, and what it may say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dicomizer.cli.options import GIVEN_PATH

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("file", type=GIVEN_PATH, required=False)
@click.option(
    "--slide",
    type=GIVEN_PATH,
    metavar="SLIDE",
    help="The slide whose row of a table is shown; not needed for a table of one row.",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of metadata instead.")
def metadata(file: Path | None, slide: Path | None, *, schema: bool) -> None:
    """Check the metadata in FILE and print it as JSON.

    FILE is JSON, CSV with a row for each slide, or DICOM, as for convert --metadata. Well-known
    names are printed as the codes that they stand for.
    """
    if schema == (file is not None):
        raise click.UsageError("give either FILE or --schema")
    if file is None:
        from dicomizer.dicom.schema.json_schema import metadata_schema

        value = metadata_schema()
    else:
        from dicomizer.dicom.schema.files import read_metadata
        from dicomizer.dicom.schema.json import metadata_to_json

        value = metadata_to_json(read_metadata(file, slide))
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
