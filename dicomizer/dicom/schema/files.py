# SPDX-License-Identifier: Apache-2.0
"""Metadata from a file that a person names: JSON, CSV with a row for each slide, or DICOM."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import SlideMetadata
from dicomizer.dicom.part10 import PREFIX_OFFSET, read_header
from dicomizer.dicom.schema.json import metadata_from_json, parse_json
from dicomizer.dicom.schema.read import metadata_of
from dicomizer.dicom.schema.table import Table, metadata_of_row, read_rows
from dicomizer.errors import DicomError, MetadataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dicomizer.dicom.schema.table import Row

_MOST_BYTES = 256 << 20
_TABLES = (".csv", ".tsv")
_DICOM_PREFIX = b"DICM"


def read_metadata(path: Path, slide: Path | None = None) -> SlideMetadata:
    """Return the metadata in a file, whichever of the three kinds it is.

    Parameters
    ----------
    slide
        The slide file that it is for, by which a row of a table is found.

    Raises
    ------
    MetadataError
        The file cannot be read, or has a key, column or value that the model does not know.
    DicomError
        The file is DICOM, but damaged.
    """
    if path.is_dir():
        raise MetadataError(
            "found a folder, expected JSON, CSV or a DICOM file",
            file=path,
            remedy="name one file in it",
        )
    if path.exists() and not path.is_file():
        raise MetadataError("found no regular file, expected JSON, CSV or DICOM", file=path)
    with _naming(path):
        return _read(path, slide)


def is_table(path: Path) -> bool:
    """Tell whether a file is a table, by its name."""
    return path.suffix.lower() in _TABLES


def read_table(path: Path) -> Table:
    """Return the rows of a table of slides.

    Raises
    ------
    MetadataError
        The file cannot be read, or is no table.
    """
    with _naming(path):
        return Table(_text(path.read_bytes(), "CSV"))


def read_rows_of(path: Path) -> list[Row]:
    """Return the rows of a table that need not say of which slide each is.

    Raises
    ------
    MetadataError
        The file cannot be read, or is no table.
    """
    with _naming(path):
        return list(read_rows(_text(path.read_bytes(), "CSV"), needs_slide=False))


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except MetadataError as error:
        error.file = error.file or str(path)
        raise
    except OSError as error:
        raise MetadataError(error.strerror or str(error), file=path) from error


def _read(path: Path, slide: Path | None) -> SlideMetadata:
    with path.open("rb") as file:
        start = file.read(PREFIX_OFFSET + len(_DICOM_PREFIX))
        if start[PREFIX_OFFSET:] == _DICOM_PREFIX:
            return _from_dicom(path)
        data = start + file.read(_MOST_BYTES)
    if len(data) > _MOST_BYTES:
        raise MetadataError(f"found more than {_MOST_BYTES:,} bytes, expected metadata of slides")
    if is_table(path):
        return metadata_of_row(_text(data, "CSV"), slide)
    return _from_json(data)


def _from_json(data: bytes) -> SlideMetadata:
    try:
        value = parse_json(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise MetadataError(f"no JSON: {error}", remedy="see samples/metadata.json") from error
    return metadata_from_json(value)


def _text(data: bytes, kind: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except ValueError as error:
        raise MetadataError(
            f"no {kind} in UTF-8: {error}", remedy='save it as "CSV UTF-8"'
        ) from error


def _from_dicom(path: Path) -> SlideMetadata:
    """Return what an earlier instance of the slide tells beside what its scanning was.

    The scan is that of the slide file: scanner, optical paths, time, and a series of its own.
    """
    try:
        with path.open("rb") as file:
            found = metadata_of(read_header(file).dataset)
    except DicomError as error:
        error.file = error.file or str(path)
        raise
    return SlideMetadata(
        patient=found.patient,
        study=found.study,
        container=found.container,
        specimens=found.specimens,
    )
