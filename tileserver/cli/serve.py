# SPDX-License-Identifier: Apache-2.0
"""``tileserver serve``: the server in the foreground."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import click

from tileserver.cli.logs import configure_logs
from tileserver.cli.options import settings_options
from tileserver.configuration import fields

if TYPE_CHECKING:
    from tileserver.configuration import Loaded


@click.command()
@settings_options(*fields())
@click.pass_context
def serve(context: click.Context, loaded: Loaded) -> None:
    """Serve DICOMweb and the viewer until interrupted.

    Prints the address to open when the server listens. There are no users and no encryption yet:
    listen on other addresses than 127.0.0.1 only behind something that has both.
    """
    from tileserver import serving

    debug = context.find_root().params["debug"]
    serving.serve(loaded.settings, _announce, functools.partial(configure_logs, debug=debug))


def _announce(address: str) -> None:
    click.echo(f"Coverslip is at {address} (Ctrl+C stops it)")
