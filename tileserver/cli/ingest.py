# SPDX-License-Identifier: Apache-2.0
"""``tileserver ingest``: local files into the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tileserver.cli.options import settings_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tileserver.configuration import Loaded

SOME_FAILED = 3


@click.command()
@click.argument("paths", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@settings_options("data")
@click.pass_context
def ingest(context: click.Context, paths: tuple[Path, ...], loaded: Loaded) -> None:
    """Copy the DICOM files at PATHS, files or folders, into the store.

    A server on the same data folder may be running. Identical instances are stored once.
    """
    from tileserver.errors import TileserverError
    from tileserver.opening import open_services

    services, index = open_services(loaded.settings)
    stored = known = failed = 0
    for path in _files(paths):
        try:
            with path.open("rb") as file:
                is_new = services.ingest.add_file(file).is_new
        except (TileserverError, OSError) as error:
            failed += 1
            click.echo(f"tileserver: {path}: {error}", err=True)
            continue
        stored, known = stored + is_new, known + (not is_new)
    index.close()
    click.echo(_summary(stored, known, failed))
    context.exit(0 if not failed else SOME_FAILED if stored + known else 1)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(
                item for item in path.rglob("*") if item.is_file() and item.name[0] != "."
            )
        else:
            yield path


def _summary(stored: int, known: int, failed: int) -> str:
    parts = [f"{stored} instance{'s' * (stored != 1)} stored"]
    parts += [f"{known} known already"] * bool(known)
    parts += [f"{failed} failed"] * bool(failed)
    return ", ".join(parts)
