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

    A server on the same data folder goes on with the old index until the new one is whole. A
    damaged index is moved aside; servers on the folder have to be started again then.
    """
    from tileserver.app import rebuild_index

    count, unreadable, aside = rebuild_index(loaded.settings)
    for key in unreadable:
        click.echo(f"tileserver: blob {key} is no instance of its name: left aside", err=True)
    if aside is not None:
        click.echo(
            f"tileserver: the damaged index is now {aside}; start servers on this folder again",
            err=True,
        )
    click.echo(f"{count} instance{'s' * (count != 1)} indexed")
    context.exit(SOME_FAILED if unreadable else 0)
