# SPDX-License-Identifier: Apache-2.0
"""``tileserver serve``: the server in the foreground."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import click

from tileserver.cli.logs import configure_logs
from tileserver.cli.options import data_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@data_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8042,
    show_default=True,
    help="Port to listen on; 0 lets the system choose.",
)
@click.option(
    "--base-url",
    help="Public address of the server, such as https://slides.example.org, for the addresses in "
    "answers; needed behind a proxy.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that serve, of which each keeps a core busy.",
)
@click.option(
    "--cors-origins",
    "cors_origins",
    multiple=True,
    help="Origin whose pages may read answers in a browser, such as https://viewer.example.org, "
    "or * for all; can be given several times.",
)
@click.pass_context
def serve(
    context: click.Context,
    data: Path,
    host: str,
    port: int,
    base_url: str | None,
    workers: int,
    cors_origins: tuple[str, ...],
) -> None:
    """Serve DICOMweb and the viewer until interrupted.

    Prints the address to open when the server listens. There are no users and no encryption yet:
    listen on other addresses than 127.0.0.1 only behind something that has both.
    """
    from tileserver import serving
    from tileserver.settings import Settings

    settings = Settings(
        data=data,
        host=host,
        port=port,
        base_url=base_url,
        workers=workers,
        cors_origins=cors_origins,
    )
    debug = context.find_root().params["debug"]
    serving.serve(settings, _announce, functools.partial(configure_logs, debug=debug))


def _announce(address: str) -> None:
    click.echo(f"Coverslip is at {address} (Ctrl+C stops it)")
