# SPDX-License-Identifier: Apache-2.0
"""Queries: what matches, as DICOM JSON objects with the attributes of each level.

References
----------
PS3.18 10.6 (search transaction)
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dicomizer.dicom.dicom_json import with_bulk_address
from tileserver.index import Level, Search
from tileserver.index.attributes import SERIES_ATTRIBUTES, STUDY_ATTRIBUTES
from tileserver.index.summary import (
    RETURNED_OF_INSTANCE,
    RETURNED_OF_SERIES,
    RETURNED_OF_STUDY,
    element,
    elements_of,
    json_object,
    tags,
)

if TYPE_CHECKING:
    from tileserver.index import Index

_IN_SUMMARIES = (
    RETURNED_OF_STUDY
    | RETURNED_OF_SERIES
    | RETURNED_OF_INSTANCE
    | tags("ModalitiesInStudy AvailableTransferSyntaxUID TransferSyntaxUID")
)
_REMEMBERED_MODALITIES = 256
_MOST_ELEMENTS = 32
"""Taken out of the JSON one by one by the index; more are sooner found by parsing all of it."""


@dataclass(frozen=True, slots=True)
class Included:
    """Which attributes are returned beyond the usual ones.

    Parameters
    ----------
    tags
        Eight upper-case digits each.
    everything
        All that the index keeps of a level and those above.
    """

    tags: frozenset[str] = frozenset()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to a query.

    Parameters
    ----------
    items
        Each a DICOM JSON object.
    remaining
        How many answers come behind these, as far as was asked to count.
    """

    items: list[str]
    remaining: int

    def json(self) -> str:
        """Return the answers as a DICOM JSON array."""
        return f"[{','.join(self.items)}]"


class Query:
    """Searches studies, series and instances."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def search(self, asked: Search, included: Included, root: str) -> Answers:
        """Return the answers to a query.

        Parameters
        ----------
        root
            Address of the DICOMweb service, which Retrieve URL begins with.
        """
        levels = _levels_of(included, asked.level)
        elements = () if included.everything else _elements(levels, included)
        needs_all = included.everything or len(elements) > _MOST_ELEMENTS
        asked = replace(asked, needs_all=needs_all, elements=() if needs_all else elements)
        found = self._index.search(asked)
        made = [_answer(row, asked.level, root) for row in found.rows]
        for row, lines in zip(found.rows, made, strict=True):
            if needs_all:
                _include_all(row, levels, lines, included)
            else:
                _include(row, elements, lines)
            if "00020010" in included.tags and "00083002" in lines:
                lines["00020010"] = lines["00083002"].replace("00083002", "00020010")
        return Answers([json_object(lines.values()) for lines in made], found.remaining)


def _levels_of(included: Included, level: Level) -> list[Level]:
    """Return the levels down to that of a search that have more to give than their summaries."""
    if included.everything:
        return [each for each in Level if each <= level]
    more = included.tags - _IN_SUMMARIES
    has_more = {
        Level.STUDY: more & STUDY_ATTRIBUTES,
        Level.SERIES: more & SERIES_ATTRIBUTES,
        Level.INSTANCE: more - STUDY_ATTRIBUTES - SERIES_ATTRIBUTES,
    }
    return [each for each in Level if each <= level and has_more[each]]


def _elements(levels: list[Level], included: Included) -> tuple[tuple[Level, str], ...]:
    return tuple((level, tag) for level in levels for tag in sorted(included.tags))


def _answer(row: Any, level: Level, root: str) -> dict[str, str]:
    """Return the elements that every answer has, by tag."""
    url = f"{root}/studies/{row.study_instance_uid}"
    lines = _lines(row.study_summary)
    lines["00080061"] = _modalities(row.modalities)
    lines["00201206"] = _count("00201206", row.number_of_series)
    lines["00201208"] = _count("00201208", row.number_of_study_instances)
    if level >= Level.SERIES:
        url = f"{url}/series/{row.series_instance_uid}"
        lines |= _lines(row.series_summary)
        lines["00201209"] = _count("00201209", row.number_of_series_instances)
    if level is Level.INSTANCE:
        url = f"{url}/instances/{row.sop_instance_uid}"
        lines |= _lines(row.instance_summary)
        lines["00083002"] = f'"00083002":{{"vr":"UI","Value":["{row.transfer_syntax_uid}"]}}'
    lines["00080056"] = '"00080056":{"vr":"CS","Value":["ONLINE"]}'
    lines["00081190"] = f'"00081190":{{"vr":"UR","Value":["{url}"]}}'
    return lines


@functools.lru_cache(_REMEMBERED_MODALITIES)
def _modalities(text: str) -> str:
    has_modalities = {"Value": text.split("\\")} if text else {}
    return element("00080061", {"vr": "CS"} | has_modalities)


def _lines(summary: str) -> dict[str, str]:
    return {line[1:9]: line for line in summary.split("\n")}


def _count(tag: str, number: int) -> str:
    return f'"{tag}":{{"vr":"IS","Value":[{number}]}}'


def _include(row: Any, elements: tuple[tuple[Level, str], ...], lines: dict[str, str]) -> None:
    """Add the elements that were asked for, the last columns of a row, to those of an answer."""
    for (level, tag), text in zip(elements, row[len(row) - len(elements) :], strict=True):
        if text is not None:
            lines[tag] = f'"{tag}":{_with_address(text, level, lines)}'


def _include_all(row: Any, levels: list[Level], lines: dict[str, str], included: Included) -> None:
    """Add all elements, or very many, to those of an answer."""
    wanted = None if included.everything else included.tags
    for level in levels:
        text = _with_address(getattr(row, f"{level.name.lower()}_attributes"), level, lines)
        lines.update(elements_of(json.loads(text), wanted))


def _with_address(text: str, level: Level, lines: dict[str, str]) -> str:
    """Return JSON text with the address of binary values, of which only instances have any."""
    if level is not Level.INSTANCE:
        return text
    url = json.loads(f"{{{lines['00081190']}}}")["00081190"]["Value"][0]
    return with_bulk_address(text, f"{url}/bulkdata")
