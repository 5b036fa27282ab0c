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

from pydicom.dataelem import DataElement

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.valuerep import PersonName

JsonDataset = dict[str, dict[str, object]]

BULK_THRESHOLD = 256
"""Bytes from which a binary value becomes a reference."""

_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_ALWAYS_REFERENCED = frozenset({"OD", "OF", "OL"})
"""Coordinates and indices of bulk annotations, which viewers look for behind an address only."""
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
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
        found = _converted(element)
        # NaN, infinity and lone surrogates have no place in JSON; dumping here keeps one bad
        # value from spoiling the whole.
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError):
        return None
    return found


def _converted(element: DataElement) -> dict[str, object]:
    if element.VR == "PN":
        return _names(element)
    return _with_nulls(element) if _has_gaps(element) else element.to_json_dict(None, 0)


def _has_gaps(element: DataElement) -> bool:
    """Tell whether some of several values are empty, as only text can have them."""
    return element.VM > 1 and any(map(_is_empty, element.value))


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _with_nulls(element: DataElement) -> dict[str, object]:
    """Return an element with nulls where its values are empty (F.2.5)."""
    values = [None if _is_empty(value) else _one(element, value) for value in element.value]
    return {"vr": element.VR, "Value": values}


def _one(element: DataElement, value: object) -> object:
    alone = DataElement(element.tag, element.VR, value, already_converted=True)
    return alone.to_json_dict(None, 0)["Value"][0]


def _names(element: DataElement) -> dict[str, object]:
    """Return person names: of each the component groups that are not empty (F.2.2)."""
    several = element.value if element.VM > 1 else [element.value]
    values = [_name_groups(value) if value else None for value in several]
    return {"vr": "PN"} if values == [None] else {"vr": "PN", "Value": values}


def _name_groups(name: PersonName) -> dict[str, str] | None:
    groups = zip(_NAME_GROUPS, name.components, strict=False)
    return {group: text for group, text in groups if text} or None


def reference_text(path: str, vr: str) -> str:
    """Return the text of an element whose value is a marked reference."""
    return f'{{{_MARKER}{path}","vr":"{vr}"}}'


def _is_referenced(element: DataElement) -> bool:
    length = len(element.value or b"")
    return length >= BULK_THRESHOLD or (length > 0 and element.VR in _ALWAYS_REFERENCED)


def marked_paths(text: str) -> list[str]:
    """Return the paths of all marked references in JSON text, in its order."""
    return [part.partition('"')[0] for part in text.split(_MARKER)[1:]]
