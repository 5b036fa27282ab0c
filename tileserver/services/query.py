# SPDX-License-Identifier: Apache-2.0
"""Queries: what matches, as DICOM JSON objects with the attributes of each level.

References
----------
PS3.18 10.6 (search transaction)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dicomizer.dicom.dicom_json import with_bulk_address
from tileserver.index import Level, Search
from tileserver.services.attributes import (
    REQUIRED_OF_INSTANCE,
    REQUIRED_OF_SERIES,
    REQUIRED_OF_STUDY,
    RETURNED_OF_INSTANCE,
    RETURNED_OF_SERIES,
    RETURNED_OF_STUDY,
    empty,
)

if TYPE_CHECKING:
    from sqlalchemy import Row

    from tileserver.index import Index

Attributes = dict[str, dict[str, object]]


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


class Query:
    """Searches studies, series and instances."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def search(self, asked: Search, included: Included, root: str) -> list[Attributes]:
        """Return the answers to a query.

        Parameters
        ----------
        root
            Address of the DICOMweb service, which Retrieve URL begins with.
        """
        rows = self._index.search(asked)
        modalities = self._index.modalities([str(row.study_instance_uid) for row in rows])
        return [_answer(row, asked.level, included, modalities, root) for row in rows]


def _answer(
    row: Row[Any],
    level: Level,
    included: Included,
    modalities: dict[str, list[str]],
    root: str,
) -> Attributes:
    study_uid = str(row.study_instance_uid)
    answer = {tag: empty(tag) for tag in REQUIRED_OF_STUDY}
    answer |= _picked(row.study_attributes, RETURNED_OF_STUDY, included)
    url = f"{root}/studies/{study_uid}"
    answer["00080061"] = {"vr": "CS", "Value": list(modalities.get(study_uid, []))}
    answer["00201206"] = _whole("IS", row.number_of_series)
    answer["00201208"] = _whole("IS", row.number_of_study_instances)
    if level >= Level.SERIES:
        answer |= {tag: empty(tag) for tag in REQUIRED_OF_SERIES}
        answer |= _picked(row.series_attributes, RETURNED_OF_SERIES, included)
        answer["00201209"] = _whole("IS", row.number_of_series_instances)
        url = f"{url}/series/{row.series_instance_uid}"
    if level is Level.INSTANCE:
        answer |= {tag: empty(tag) for tag in REQUIRED_OF_INSTANCE}
        url = f"{url}/instances/{row.sop_instance_uid}"
        text = with_bulk_address(row.instance_attributes, f"{url}/bulkdata")
        answer |= _picked(text, RETURNED_OF_INSTANCE, included)
        answer["00083002"] = {"vr": "UI", "Value": [row.transfer_syntax_uid]}
        if "00020010" in included.tags:
            answer["00020010"] = {"vr": "UI", "Value": [row.transfer_syntax_uid]}
    answer["00080056"] = {"vr": "CS", "Value": ["ONLINE"]}
    answer["00081190"] = {"vr": "UR", "Value": [url]}
    return dict(sorted(answer.items()))


def _whole(vr: str, number: int) -> dict[str, object]:
    return {"vr": vr, "Value": [number]}


def _picked(text: str, returned: frozenset[str], included: Included) -> Attributes:
    """Return the usual attributes and those asked for."""
    attributes: Attributes = json.loads(text)
    if included.everything:
        return attributes
    wanted = returned | included.tags
    return {tag: value for tag, value in attributes.items() if tag in wanted}
