# SPDX-License-Identifier: Apache-2.0
"""``tileserver reindex``: the index anew from the stored files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tileserver.cli.options import data_option

if TYPE_CHECKING:
    from pathlib import Path

SOME_FAILED = 3


@click.command()
@data_option
@click.pass_context
def reindex(context: click.Context, data: Path) -> None:
    """Make the index anew from the stored files.

    A server on the same data folder goes on with the old index until the new one is whole.
    """
    from tileserver.app import open_services
    from tileserver.settings import Settings

    services, index = open_services(Settings(data=data))
    count, unreadable = services.ingest.reindex()
    index.close()
    for key in unreadable:
        click.echo(f"tileserver: blob {key} is no instance of its name: left aside", err=True)
    click.echo(f"{count} instance{'s' * (count != 1)} indexed")
    context.exit(SOME_FAILED if unreadable else 0)
