# SPDX-License-Identifier: Apache-2.0
"""A look at a slide: whether it can be read, and what the rules tell of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import SlideMetadata
from dicomizer.dicom.schema.columns import SLIDE, RowReader, is_column
from dicomizer.dicom.schema.files import read_metadata, read_rows_of
from dicomizer.dicom.schema.json import metadata_from_json
from dicomizer.sources.registry import open_source
from dicomizer.watch.barcodes import read_barcodes
from dicomizer.watch.rules import filled
from dicomizer.watch.worklist import find_items

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.sources.base import SlideSource
    from dicomizer.watch.barcodes import Barcode
    from dicomizer.watch.rules import PatternRule, Rules, SidecarRule, TableRule, WorklistRule


@dataclass(slots=True)
class Look:
    """What was found.

    Parameters
    ----------
    facts
        By name: columns of metadata, and groups of patterns with other names.
    unmatched
        Why the slide has to wait; ``None`` where nothing that is required is missing.
    """

    format_name: str
    facts: dict[str, str] = field(default_factory=dict)
    barcodes: list[Barcode] = field(default_factory=list)
    metadata: SlideMetadata = field(default_factory=SlideMetadata)
    unmatched: str | None = None

    def miss(self, reason: str, *, required: bool) -> None:
        """Note that something was not found."""
        if required and self.unmatched is None:
            self.unmatched = reason

    def add(self, cells: dict[str, str]) -> None:
        """Take up what is told of the slide, over what was told before."""
        self.facts.update({name: text for name, text in cells.items() if text and name != SLIDE})


def look_at(slide: Path, rules: Rules, came_as: Path | None = None) -> Look:
    """Open a slide and follow the rules.

    Parameters
    ----------
    came_as
        Where it lay when it came: that name counts, and files beside it do, too.

    Raises
    ------
    SourceError
        It cannot be read, or is not whole.
    MetadataError
        A table or sidecar is none, or a value is one that DICOM cannot hold.
    NetworkError
        A worklist cannot be asked.
    """
    came_as = came_as or slide
    with open_source(slide) as source:
        look = Look(source.slide.format_name)
        if rules.file_name is not None:
            _by_pattern(look, rules.file_name, came_as.stem, "the file's name")
        if rules.barcode is not None:
            _by_barcode(look, rules.barcode, source)
    for table in rules.tables:
        _by_table(look, table)
    for worklist in rules.worklists:
        _by_worklist(look, worklist)
    cells = {key: text for key, text in look.facts.items() if is_column(key)}
    look.metadata = metadata_from_json(RowReader(cells).json())
    if rules.sidecar is not None:
        _by_sidecar(look, rules.sidecar, slide, came_as)
    return look


def _by_pattern(look: Look, rule: PatternRule, text: str, what: str) -> None:
    match = rule.pattern.fullmatch(text)
    if match is None:
        look.miss(f"{what} does not fit the pattern", required=rule.required)
    else:
        look.add({name: value or "" for name, value in match.groupdict().items()})


def _by_barcode(look: Look, rule: PatternRule, source: SlideSource) -> None:
    look.barcodes = read_barcodes(source, rule.formats)
    fitting = [item for item in look.barcodes if rule.pattern.fullmatch(item.text)]
    if not look.barcodes:
        look.miss("no barcode was found on the label", required=rule.required)
    elif not fitting:
        look.miss("no barcode on the label fits the pattern", required=rule.required)
    elif len({item.text for item in fitting}) > 1:
        look.miss(f"{len(fitting)} barcodes on the label fit", required=rule.required)
    else:
        look.add({"barcode": fitting[0].text})
        _by_pattern(look, rule, fitting[0].text, "the barcode")


def _by_table(look: Look, rule: TableRule) -> None:
    where = _where(look, rule.where, rule.file.name, required=rule.required)
    if where is None:
        return
    found = [
        row.cells
        for row in read_rows_of(rule.file)
        if all(row.cells.get(column) == value for column, value in where.items())
    ]
    _take(look, [dict(cells) for cells in found], rule.file.name, "row", required=rule.required)


def _by_worklist(look: Look, rule: WorklistRule) -> None:
    what = f"the worklist of {rule.destination.called_ae_title}"
    where = _where(look, rule.where, what, required=rule.required)
    if where is None:
        return
    found = find_items(rule.destination, where, rule.timeout)
    _take(look, found, what, "item", required=rule.required)


def _where(look: Look, where: object, what: str, *, required: bool) -> dict[str, str] | None:
    """Return what must be the same; ``None`` where a part of it is not known."""
    assert isinstance(where, dict)
    found: dict[str, str] = {}
    for name, text in where.items():
        value = filled(text, look.facts)
        if value is None:
            look.miss(f"for {what}, nothing tells {text}", required=required)
            return None
        found[name] = value
    return found


def _take(look: Look, found: list[dict[str, str]], what: str, kind: str, *, required: bool) -> None:
    if len(found) == 1:
        look.add(found[0])
    elif found:
        look.miss(f"{what} has {len(found)} {kind}s that match", required=required)
    else:
        look.miss(f"{what} has no {kind} that matches", required=required)


def _by_sidecar(look: Look, rule: SidecarRule, slide: Path, came_as: Path) -> None:
    found = rule.beside(slide, came_as)
    if found:
        look.metadata = read_metadata(found[0], came_as).over(look.metadata)
    else:
        look.miss(f"there is no file {rule.file} beside it", required=rule.required)
