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
    json_object,
    tags,
)
from tileserver.services.included import Included, narrowed, narrowed_text

if TYPE_CHECKING:
    from tileserver.index import Index, Patience

_IN_SUMMARIES = (
    RETURNED_OF_STUDY
    | RETURNED_OF_SERIES
    | RETURNED_OF_INSTANCE
    | tags("ModalitiesInStudy AvailableTransferSyntaxUID TransferSyntaxUID")
)
_USUAL = _IN_SUMMARIES | tags(
    "InstanceAvailability RetrieveURL NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances "
    "NumberOfSeriesRelatedInstances"
)
_TRANSFER_SYNTAX = "00020010"
_REMEMBERED_MODALITIES = 256
_REMEMBERED_PARTS = 256
_MOST_ELEMENTS = 32
"""Taken out of the JSON one by one by the index; more are sooner found by parsing all of it."""


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

    def search(
        self, asked: Search, included: Included, root: str, patience: Patience | None = None
    ) -> Answers:
        """Return the answers to a query.

        Parameters
        ----------
        root
            Address of the DICOMweb service, which Retrieve URL begins with.

        Raises
        ------
        TooBroadError
            It took longer than there was patience.
        """
        beyond = _Beyond(asked.level, included)
        found = self._index.search(
            replace(asked, needs_all=beyond.needs_all, elements=beyond.elements), patience
        )
        tells_syntax = asked.level is Level.INSTANCE and _TRANSFER_SYNTAX in included.tags
        items = []
        for row in found.rows:
            url = _address(row, asked.level, root)
            lines = _usual(row, asked.level, url)
            if beyond.levels:
                lines = beyond.put_to(lines, row, url)
            if tells_syntax:
                lines.append(_syntax(_TRANSFER_SYNTAX, row.transfer_syntax_uid))
            items.append(json_object(lines))
        return Answers(items, found.remaining)


class _Beyond:
    """What answers have beyond the usual elements.

    Attributes
    ----------
    levels
        Those that have more to give than their summaries.
    elements
        What the index takes out of the attributes; nothing where it has to return all of them.
    """

    def __init__(self, level: Level, included: Included) -> None:
        self.levels = _levels_of(included, level)
        elements = tuple((each, tag) for each in self.levels for tag in sorted(included.tags))
        self.needs_all = included.everything or len(elements) > _MOST_ELEMENTS
        self.elements = () if self.needs_all else elements
        self._everything = included.everything
        self._replaces = included.everything or not included.tags.isdisjoint(_USUAL)
        # Usual elements are returned whole, whatever part of them is asked for.
        self._parts = {
            tag: frozenset() if tag in _IN_SUMMARIES else included.below(tag)
            for tag in included.tags
        }
        # Specimens are the same in many instances.
        self._narrowed = functools.lru_cache(_REMEMBERED_PARTS)(narrowed_text)

    def put_to(self, lines: list[str], row: Any, url: str) -> list[str]:
        """Return the usual elements of an answer and those of its row beyond, or in their place.

        Parameters
        ----------
        url
            Of the instance, for the addresses of binary values, which only instances have.
        """
        found = self._all(row, url) if self.needs_all else self._some(row, url)
        if self._replaces:
            found = {line[1:9]: line for line in lines} | found
            return list(found.values())
        return [*lines, *found.values()]

    def _some(self, row: Any, url: str) -> dict[str, str]:
        found = {}
        texts = row[len(row) - len(self.elements) :]
        for (level, tag), whole in zip(self.elements, texts, strict=True):
            paths = self._parts[tag]
            text = self._narrowed(whole, paths) if whole and paths else whole
            if text:
                found[tag] = f'"{tag}":{_with_address(text, level, url)}'
        return found

    def _all(self, row: Any, url: str) -> dict[str, str]:
        found = {}
        for level in self.levels:
            text = _with_address(getattr(row, f"{level.name.lower()}_attributes"), level, url)
            for tag, value in json.loads(text).items():
                part = self._wanted(tag, value)
                if part is not None:
                    found[tag] = element(tag, part)
        return found

    def _wanted(self, tag: str, value: dict[str, Any]) -> dict[str, Any] | None:
        if self._everything:
            return value
        return narrowed(value, self._parts[tag]) if tag in self._parts else None


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


def _address(row: Any, level: Level, root: str) -> str:
    """Return where a study, series or instance is retrieved from."""
    url = f"{root}/studies/{row.study_instance_uid}"
    if level >= Level.SERIES:
        url = f"{url}/series/{row.series_instance_uid}"
    return f"{url}/instances/{row.sop_instance_uid}" if level is Level.INSTANCE else url


def _usual(row: Any, level: Level, url: str) -> list[str]:
    """Return the elements that every answer has."""
    lines: list[str] = row.study_summary.split("\n")
    lines += (
        '"00080056":{"vr":"CS","Value":["ONLINE"]}',
        _modalities(row.modalities),
        f'"00081190":{{"vr":"UR","Value":["{url}"]}}',
        _count("00201206", row.number_of_series),
        _count("00201208", row.number_of_study_instances),
    )
    if level >= Level.SERIES:
        lines += row.series_summary.split("\n")
        lines.append(_count("00201209", row.number_of_series_instances))
    if level is Level.INSTANCE:
        lines += row.instance_summary.split("\n")
        lines.append(_syntax("00083002", row.transfer_syntax_uid))
    return lines


@functools.lru_cache(_REMEMBERED_MODALITIES)
def _modalities(text: str) -> str:
    has_modalities = {"Value": text.split("\\")} if text else {}
    return element("00080061", {"vr": "CS"} | has_modalities)


def _count(tag: str, number: int) -> str:
    return f'"{tag}":{{"vr":"IS","Value":[{number}]}}'


def _syntax(tag: str, uid: str) -> str:
    return f'"{tag}":{{"vr":"UI","Value":["{uid}"]}}'


def _with_address(text: str, level: Level, url: str) -> str:
    """Return JSON text with the address of binary values, of which only instances have any."""
    return with_bulk_address(text, f"{url}/bulkdata") if level is Level.INSTANCE else text
