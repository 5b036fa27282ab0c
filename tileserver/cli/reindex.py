# SPDX-License-Identifier: Apache-2.0
"""``tileserver reindex``: the index anew from the stored files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tileserver.cli.options import settings_options

if TYPE_CHECKING:
    from tileserver.configuration import Loaded

SOME_FAILED = 3


@click.command()
@settings_options("data")
@click.pass_context
def reindex(context: click.Context, loaded: Loaded) -> None:
    """Make the index anew from the stored files.

    A server on the same data folder goes on with the old index until the new one is whole.
    """
    from tileserver.app import open_services

    services, index = open_services(loaded.settings)
    count, unreadable = services.ingest.reindex()
    index.close()
    for key in unreadable:
        click.echo(f"tileserver: blob {key} is no instance of its name: left aside", err=True)
    click.echo(f"{count} instance{'s' * (count != 1)} indexed")
    context.exit(SOME_FAILED if unreadable else 0)
