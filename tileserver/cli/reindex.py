# SPDX-License-Identifier: Apache-2.0
"""``tileserver reindex``: the index anew from the stored files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tileserver.cli.options import settings_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tileserver.configuration import Loaded
    from tileserver.services import Reindexed

SOME_FAILED = 3


@click.command()
@settings_options("data")
@click.pass_context
def reindex(context: click.Context, loaded: Loaded) -> None:
    """Make the index anew from the stored files.

    A server on the same data folder goes on with the old index until the new one is whole. A
    damaged index is moved aside; servers on the folder have to be started again then.

    Answers stay the same, byte for byte, in the same order. Exit code 3: blobs are gone, are not as
    they were stored, or are no instances. `tileserver check` tells more.
    """
    from tileserver.app import rebuild_index

    done, aside = rebuild_index(loaded.settings)
    for line in _problems(done):
        click.echo(f"tileserver: {line}", err=True)
    if aside is not None:
        click.echo(
            f"tileserver: the damaged index is now {aside}; start servers on this folder again",
            err=True,
        )
    click.echo(f"{done.count} instance{'s' * (done.count != 1)} indexed")
    context.exit(SOME_FAILED if any(_problems(done)) else 0)


def _problems(done: Reindexed) -> Iterator[str]:
    for uid in done.lost:
        yield (
            f"the blob of instance {uid} is gone: not indexed; "
            "bring it back from a backup, or send it again"
        )
    for uid in done.changed:
        yield (
            f"the bytes of instance {uid} are not those that were stored; "
            "bring its blob back from a backup, or send it again"
        )
    for key in done.unreadable:
        yield f"blob {key} is no instance of its name: left aside"
