# SPDX-License-Identifier: Apache-2.0
"""``dicomizer send``: DICOM instances to a peer."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from dicomizer.cli.options import GIVEN_PATH, json_option
from dicomizer.cli.sending import Sending, outcomes_document, sending_options, show_outcomes

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("paths", type=GIVEN_PATH, nargs=-1, required=True)
@click.option(
    "--to",
    "address",
    required=True,
    metavar="URL",
    help="https://host/dicom-web (STOW-RS), or dicom://AET@host:port (C-STORE; dicoms:// by TLS).",
)
@sending_options
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@json_option
@click.pass_context
def send(
    context: click.Context,
    /,
    paths: tuple[Path, ...],
    *,
    address: str,
    quiet: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Send DICOM files, or folders of them, to a DICOMweb service or an application entity.

    The peer is asked which instances it holds; the others are sent as they are, and it is asked
    again whether it has them, with all their frames. Run it again to go on after a failure.

    Exits with 1 where any instance was refused or failed; each is listed with the reason.
    """
    sending = Sending.read(address, values)
    assert sending is not None
    show = not quiet and not as_json and sys.stderr.isatty()
    outcomes, notes = sending.send(paths, show=show)
    is_complete = all(outcome.is_good for outcome in outcomes)
    if as_json:
        click.echo(json.dumps(outcomes_document(outcomes, notes, sending.address), indent=2))
    elif not (quiet and is_complete):
        show_outcomes(outcomes, notes, sending.address)
    context.exit(0 if is_complete else 1)
