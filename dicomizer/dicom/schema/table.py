# SPDX-License-Identifier: Apache-2.0
"""Metadata from a table with one row for each slide, as spreadsheets write it.

The first line names the columns; those that nobody knows are errors with a suggestion. A slide's
row is the one whose ``slide`` column has its name, or its path or the end of that.
"""

from __future__ import annotations

import csv
import difflib
import io
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from dicomizer.dicom.schema.columns import COLUMNS, SLIDE, RowReader, is_column
from dicomizer.dicom.schema.json import metadata_from_json
from dicomizer.errors import MetadataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dicomizer.dicom.metadata import SlideMetadata

_DELIMITERS = ",;\t"
_SEPARATOR_LINE = "sep="


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table.

    Parameters
    ----------
    line
        In the file, from 1.
    cells
        By column, those that are not empty.
    """

    line: int
    cells: Mapping[str, str]

    @property
    def slide(self) -> tuple[str, ...]:
        """The parts of the slide's path as far as it is told."""
        name = self.cells[SLIDE].replace("\\", "/")
        return tuple(part for part in PurePosixPath(name).parts if part != ".")


def metadata_of_row(text: str, slide: Path | None) -> SlideMetadata:
    """Return the metadata that the row of a slide tells.

    Parameters
    ----------
    text
        Of the table, its columns divided by commas, semicolons or tabulators.
    slide
        The slide file; may be ``None`` for a table of one row.

    Raises
    ------
    MetadataError
        A column is unknown or there twice, no row or several are of that slide, or the row has a
        value that the model does not know.
    """
    return metadata_of(Table(text).row_of(slide))


def metadata_of(row: Row) -> SlideMetadata:
    """Return the metadata that a row tells.

    Raises
    ------
    MetadataError
        It has a value that the model does not know.
    """
    reader = RowReader(row.cells)
    try:
        return metadata_from_json(reader.json())
    except MetadataError as error:
        column = _column(error.place or "", reader.columns)
        error.place = f"line {row.line}: {column or error.place}"
        raise


def _column(place: str, columns: Mapping[str, str]) -> str | None:
    """Return the column that a value came from: the one with the longest path to it."""
    fitting = [
        path for path in columns if place == path or place.startswith((f"{path}.", f"{path}["))
    ]
    return columns[max(fitting, key=len)] if fitting else None


def read_rows(text: str, *, needs_slide: bool = True) -> Iterator[Row]:
    """Yield the rows of a table.

    Parameters
    ----------
    needs_slide
        Whether each must say of which slide it is.

    Raises
    ------
    MetadataError
        It is no table, or a column is unknown or there twice.
    """
    skipped, text = _without_separator_line(text)
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = _header(next(reader, []), needs_slide=needs_slide)
        for cells in reader:
            found = {
                name: cell.strip()
                for name, cell in zip(header, cells, strict=False)
                if name and cell.strip()
            }
            line = reader.line_num + skipped
            _check_cells(cells, header, line)
            if found:
                if needs_slide and SLIDE not in found:
                    raise MetadataError("the cell is empty", place=f"line {line}: {SLIDE}")
                yield Row(line, found)
    except csv.Error as error:
        raise MetadataError(
            f"no CSV: {error}", place=f"line {reader.line_num + skipped}"
        ) from error


def _without_separator_line(text: str) -> tuple[int, str]:
    """Take off the line by which Excel tells its delimiter, and return how many lines that were."""
    if text[: len(_SEPARATOR_LINE)].lower() == _SEPARATOR_LINE and "\n" in text:
        return 1, text.split("\n", 1)[1]
    return 0, text


def _check_cells(cells: Sequence[str], header: Sequence[str], line: int) -> None:
    for number, cell in enumerate(cells):
        is_named = number < len(header) and header[number]
        if cell.strip() and not is_named:
            raise MetadataError(
                f"found {len(cells)} cells, expected {len(header)}"
                if number >= len(header)
                else f"column {number + 1} has no name",
                place=f"line {line}",
                remedy="put quotes around cells that have a delimiter in them",
            )


def _header(cells: Sequence[str], *, needs_slide: bool) -> list[str]:
    names = ["_".join(cell.strip().lower().replace("-", " ").split()) for cell in cells]
    for name in filter(None, names):
        if not is_column(name):
            close = difflib.get_close_matches(name, COLUMNS, n=1)
            known = f'did you mean "{close[0]}"?' if close else "README.md lists the columns"
            raise MetadataError(f'unknown column "{name}"', place="line 1", remedy=known)
        if names.count(name) > 1:
            raise MetadataError(f'the column "{name}" is there twice', place="line 1")
    if needs_slide and SLIDE not in names:
        raise MetadataError(
            f'there is no column "{SLIDE}"',
            place="line 1",
            remedy="it has the name of each slide file",
        )
    return names


class Table:
    """The rows of a table.

    Raises
    ------
    MetadataError
        It is no table, a column is unknown or there twice, or two rows have the same path.
    """

    def __init__(self, text: str) -> None:
        self.rows = tuple(read_rows(text))
        self._by_name: dict[str, list[Row]] = {}
        seen: dict[tuple[str, ...], int] = {}
        for row in self.rows:
            if row.slide in seen:
                raise MetadataError(
                    f'"{row.cells[SLIDE]}" is there twice, in lines {seen[row.slide]} '
                    f"and {row.line}",
                    remedy="give one row for each slide",
                )
            seen[row.slide] = row.line
            self._by_name.setdefault(row.slide[-1] if row.slide else "", []).append(row)

    def row_of(self, slide: Path | None) -> Row:
        """Return the row of a slide; ``None`` stands for the only one.

        Raises
        ------
        MetadataError
            No row or several are of that slide.
        """
        if slide is None:
            if len(self.rows) == 1:
                return self.rows[0]
            raise MetadataError(
                f"found {len(self.rows)} rows, expected one", remedy="name the slide"
            )
        parts = slide.absolute().parts
        rows = self._by_name.get(parts[-1], [])
        found = [row for row in rows if parts[-len(row.slide) :] == row.slide]
        if not found:
            raise MetadataError(
                f'no row has "{slide.name}" in the column "{SLIDE}"',
                remedy=f"found {len(self.rows)} rows: give it one, or convert without --metadata",
            )
        if len(found) > 1:
            lines = " and ".join(str(row.line) for row in found)
            raise MetadataError(
                f'the rows of lines {lines} are of "{slide.name}"',
                remedy="give one row for each slide, or more of its path",
            )
        return found[0]
