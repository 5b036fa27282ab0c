# SPDX-License-Identifier: Apache-2.0
"""``tileserver serve``: the server in the foreground."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import click

from tileserver.cli.options import data_option

if TYPE_CHECKING:
    from pathlib import Path

    import uvicorn


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
    "--cors-origins",
    "cors_origins",
    multiple=True,
    help="Origin whose pages may read answers in a browser, such as https://viewer.example.org, "
    "or * for all; can be given several times.",
)
def serve(
    data: Path, host: str, port: int, base_url: str | None, cors_origins: tuple[str, ...]
) -> None:
    """Serve DICOMweb and the viewer until interrupted.

    Prints the address to open when the server listens. There are no users and no encryption yet:
    listen on other addresses than 127.0.0.1 only behind something that has both.
    """
    import uvicorn

    from tileserver.app import create_app
    from tileserver.settings import Settings

    settings = Settings(
        data=data, host=host, port=port, base_url=base_url, cors_origins=cors_origins
    )
    config = uvicorn.Config(
        create_app(settings),
        access_log=False,
        log_config=None,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=10,
    )
    listening = _listen(host, port)
    click.echo(f"Coverslip is at {_address(host, listening.getsockname()[1])} (Ctrl+C stops it)")
    _run(uvicorn.Server(config), listening)


def _listen(host: str, port: int) -> socket.socket:
    """Bind before anything is said, so that a printed address can be opened."""
    from tileserver.errors import StorageError

    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        raise StorageError(
            f"cannot listen on {host} port {port}: {error.strerror or error}; "
            "choose another with --port"
        ) from error
    return listening


def _address(host: str, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared only
    return f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{port}"


def _run(server: uvicorn.Server, listening: socket.socket) -> None:
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()
