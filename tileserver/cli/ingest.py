# SPDX-License-Identifier: Apache-2.0
"""``tileserver ingest``: local files into the store."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicomizer.dicom.part10 import PREFIX_OFFSET
from tileserver.cli.options import settings_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tileserver.configuration import Loaded

SOME_FAILED = 3
_DICOM_SUFFIXES = ("", ".dcm", ".dicom")


@click.command()
@click.argument("paths", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@settings_options("data")
@click.pass_context
def ingest(context: click.Context, paths: tuple[Path, ...], loaded: Loaded) -> None:
    """Copy the DICOM files at PATHS, files or folders, into the store.

    A server on the same data folder may be running. Identical instances are stored once. Of a
    folder, hidden files and folders are left out, and files that are no DICOM.
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
    if not stored + known + failed:
        click.echo("tileserver: found no DICOM file to store; check the paths", err=True)
    context.exit(1 if not stored + known else SOME_FAILED if failed else 0)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from _below(path) if path.is_dir() else (path,)


def _below(folder: Path) -> Iterator[Path]:
    """Yield the DICOM files of a folder, and say which files of other kinds are left out.

    What lies in a hidden folder is not whole yet: conversions work there.
    """
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if is_hidden or not path.is_file():
            continue
        if _is_of_another_kind(path):
            click.echo(f"tileserver: left out: {path}: no DICOM file", err=True)
        else:
            yield path


def _is_of_another_kind(path: Path) -> bool:
    """Tell whether a file is not meant to be DICOM; one that is and cannot be read is a failure."""
    if path.suffix.lower() in _DICOM_SUFFIXES:
        return False
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(PREFIX_OFFSET + 4)[PREFIX_OFFSET:] != b"DICM"
    return False


def _summary(stored: int, known: int, failed: int) -> str:
    parts = [f"{stored} instance{'s' * (stored != 1)} stored"]
    parts += [f"{known} known already"] * bool(known)
    parts += [f"{failed} failed"] * bool(failed)
    return ", ".join(parts)
