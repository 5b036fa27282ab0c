# SPDX-License-Identifier: Apache-2.0
"""Datasets as DICOM JSON, with large binary values as references, and the way back to the values.

A reference is written as a marker and a path: tags and item numbers, such as
``00480105/0/00282000``. Who serves the JSON puts an address in place of the marker; the marker
cannot occur in a value, since a quotation mark within JSON text is escaped.

References
----------
PS3.18 Annex F (DICOM JSON Model)
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

JsonDataset = dict[str, dict[str, object]]

BULK_THRESHOLD = 256
"""Bytes from which a binary value becomes a reference."""

_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_ALWAYS_REFERENCED = frozenset({"OD", "OF", "OL"})
"""Coordinates and indices of bulk annotations, which viewers look for behind an address only."""
_MARKER = '"BulkDataURI":"bulk-data-of-this-instance:'


def to_json(dataset: Dataset) -> str:
    """Return a dataset as compact DICOM JSON text with marked references to binary values.

    Elements whose value breaks the rules of its VR are left out: reading is tolerant, and the
    stored file keeps them.
    """
    return _compact(_object(dataset, ""))


def json_elements(dataset: Dataset) -> dict[str, str]:
    """Return the elements of `to_json`, each as text, by tag, in order."""
    return {tag: _compact(element) for tag, element in sorted(_object(dataset, "").items())}


def _compact(found: object) -> str:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def with_bulk_address(text: str, address: str) -> str:
    """Return JSON text in which references to binary values begin with ``address``."""
    if _MARKER not in text:
        return text
    return text.replace(_MARKER, f'"BulkDataURI":{json.dumps(address)[:-1]}/')


def _object(dataset: Dataset, path: str) -> JsonDataset:
    result: JsonDataset = {}
    for element in dataset:
        if element.tag.element == 0 or element.tag.group == 2:
            continue  # group lengths and file meta information are no part of the model
        tag = f"{element.tag:08X}"
        converted = element_json(element, f"{path}{tag}")
        if converted is not None:
            result[tag] = converted
    return result


def element_json(element: DataElement, path: str) -> dict[str, object] | None:
    """Return an element, ``None`` where its value breaks the rules of its VR.

    Parameters
    ----------
    path
        Of the element, for a reference to its value.
    """
    if element.VR == "SQ":
        items = [_object(item, f"{path}/{i}/") for i, item in enumerate(element.value or ())]
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
    if element.VR in _BINARY and _is_referenced(element):
        return {"vr": element.VR, "BulkDataURI": f"bulk-data-of-this-instance:{path}"}
    try:
        found = element.to_json_dict(None, 0)
        # NaN, infinity and lone surrogates have no place in JSON; dumping here keeps one bad
        # value from spoiling the whole.
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None
    return found


def reference_text(path: str, vr: str) -> str:
    """Return the text of an element whose value is a marked reference."""
    return f'{{{_MARKER}{path}","vr":"{vr}"}}'


def _is_referenced(element: DataElement) -> bool:
    length = len(element.value or b"")
    return length >= BULK_THRESHOLD or (length > 0 and element.VR in _ALWAYS_REFERENCED)


def marked_paths(text: str) -> list[str]:
    """Return the paths of all marked references in JSON text, in its order."""
    return [part.partition('"')[0] for part in text.split(_MARKER)[1:]]
