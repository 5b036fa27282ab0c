# SPDX-License-Identifier: Apache-2.0
"""Datasets in DICOM JSON as clients send them: checked, and put in one form.

References
----------
PS3.18 F.2 (DICOM JSON model), 11.1.3 (no bulk data in workitems); PS3.5 table 6.2-1 (VRs)
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import TYPE_CHECKING, cast

from pydicom.datadict import dictionary_VR

from tileserver.errors import BadRequestError

if TYPE_CHECKING:
    from tileserver.ups.model import Attributes, Element

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_DEEPEST = 24
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_WHOLE = {
    "IS": (-(1 << 31), (1 << 31) - 1),
    "SL": (-(1 << 31), (1 << 31) - 1),
    "SS": (-(1 << 15), (1 << 15) - 1),
    "SV": (-(1 << 63), (1 << 63) - 1),
    "UL": (0, (1 << 32) - 1),
    "US": (0, (1 << 16) - 1),
    "UV": (0, (1 << 64) - 1),
}
"""VRs of whole numbers, with the least and the greatest."""
_NUMBERS = _WHOLE.keys() | {"DS", "FD", "FL"}
_TEXTS = frozenset({"AE", "AS", "AT", "CS", "DA", "DT", "LO", "LT", "SH", "ST", "TM", "UC", "UI",
                    "UR", "UT"})  # fmt: skip
_KNOWN = _BINARY | _NUMBERS | _TEXTS | {"PN", "SQ"}
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_FORMS = {
    "AE": re.compile(r"[\x20-\x5b\x5d-\x7e]{0,16}"),
    "AT": _TAG,
    "CS": re.compile(r"[A-Z0-9 _]{0,16}"),
    "DA": re.compile(r"\d{8}", re.ASCII),
    "DT": re.compile(r"\d{4,14}(\.\d{1,6})?([+-]\d{4})?", re.ASCII),
    "IS": re.compile(r"[+-]?\d{1,12}", re.ASCII),
    "DS": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII),
    "TM": re.compile(r"\d{2,6}(\.\d{1,6})?", re.ASCII),
    "UI": re.compile(r"[0-9.]{1,64}", re.ASCII),
}
_NOT_KEPT = frozenset({"0000", "0002"})
"""Groups of commands and of files, which are no part of a dataset."""
_CHARACTER_SET = "00080005"


def values(dataset: Attributes, tag: str) -> list[object]:
    """Return the values of an attribute that are not empty."""
    found = dataset.get(tag, {}).get("Value")
    return [item for item in found if item not in (None, "")] if isinstance(found, list) else []


def items(dataset: Attributes, tag: str) -> list[Attributes]:
    """Return the items of a sequence."""
    return cast("list[Attributes]", dataset.get(tag, {}).get("Value") or [])


def first(dataset: Attributes, tag: str) -> str | None:
    """Return the first value of an attribute as text."""
    found = values(dataset, tag)
    return str(found[0]) if found else None


def has_value(dataset: Attributes, tag: str) -> bool:
    """Tell whether an attribute has a value, or an item."""
    return bool(values(dataset, tag) or dataset.get(tag, {}).get("InlineBinary"))


def element(vr: str, *found: object) -> Element:
    """Return an element."""
    return {"vr": vr, "Value": list(found)} if found else {"vr": vr}


def empty(tag: str) -> Element:
    """Return an attribute without a value."""
    return {"vr": _dictionary_vr(tag) or "UN"}


def with_character_set(dataset: Attributes) -> Attributes:
    """Return the dataset, naming the character set of JSON where it goes beyond ASCII."""
    if _CHARACTER_SET not in dataset and _is_ascii(dataset):
        return dataset
    return dataset | {_CHARACTER_SET: element("CS", "ISO_IR 192")}


def _is_ascii(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_is_ascii, value.values()))
    if isinstance(value, list):
        return all(map(_is_ascii, value))
    return not isinstance(value, str) or value.isascii()


def read_dataset(found: object, depth: int = 0) -> Attributes:
    """Return a dataset in one form: upper-case tags in order, VRs of the dictionary.

    Raises
    ------
    BadRequestError
        It is none, has bulk data, or a value that its VR cannot have.
    """
    if not isinstance(found, dict):
        raise BadRequestError("a dataset in DICOM JSON is an object of attributes")
    if depth > _DEEPEST:
        raise BadRequestError(f"sequences are nested deeper than {_DEEPEST}")
    dataset: Attributes = {}
    for name, given in found.items():
        if not _TAG.fullmatch(name):
            raise BadRequestError(f"{name[:64]!r} is no tag of eight digits")
        if name[4:] != "0000":  # group lengths
            dataset[name.upper()] = _element(name.upper(), given, depth)
    return dict(sorted(dataset.items()))


def kept(dataset: Attributes) -> Attributes:
    """Return what is part of a dataset, without the elements of commands and files."""
    return {tag: value for tag, value in dataset.items() if tag[:4] not in _NOT_KEPT}


def _element(tag: str, given: object, depth: int) -> Element:
    if not isinstance(given, dict):
        raise BadRequestError(f"{tag} is no object with a vr")
    vr = _dictionary_vr(tag) or given.get("vr")
    if not isinstance(vr, str) or vr not in _KNOWN:
        raise BadRequestError(f"{tag} has no known vr")
    if "BulkDataURI" in given:
        raise BadRequestError(f"{tag} is bulk data, which a workitem cannot have")
    if "InlineBinary" in given:
        return _binary(tag, vr, given["InlineBinary"])
    found = given.get("Value")
    if found is None or found == [] or (found == [None] and vr != "SQ"):
        return {"vr": vr}
    if not isinstance(found, list) or vr in _BINARY:
        raise BadRequestError(f"{tag} has no list of values that its vr can have")
    read = [_value(tag, vr, item, depth) for item in found]
    return {"vr": vr} if read == [None] else {"vr": vr, "Value": read}


def _dictionary_vr(tag: str) -> str | None:
    """Return the VR of a tag where there is only one."""
    try:
        vr = dictionary_VR(int(tag, 16))
    except KeyError:
        return None
    return vr if vr in _KNOWN else None


def _binary(tag: str, vr: str, text: object) -> Element:
    if vr not in _BINARY or not isinstance(text, str) or not _is_base64(text):
        raise BadRequestError(f"{tag} has a binary value that its vr cannot have")
    return {"vr": vr, "InlineBinary": text}


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _value(tag: str, vr: str, found: object, depth: int) -> object:
    if vr == "SQ":
        return read_dataset({} if found is None else found, depth + 1)
    if vr == "PN":
        return _name(tag, found)
    if found is None:
        return None
    if vr in _NUMBERS and isinstance(found, (int, float)) and not isinstance(found, bool):
        return _number(tag, vr, found)
    is_text = isinstance(found, str) and (vr in _TEXTS or vr in ("DS", "IS"))
    if not is_text or not _is_of_form(vr, cast("str", found)):
        raise BadRequestError(f"{tag} has a value that is no {vr}")
    return found or None


def _number(tag: str, vr: str, found: float) -> float:
    """Return a number; JSON has none that is not finite, and SQL reads no JSON that has."""
    if not math.isfinite(found):
        raise BadRequestError(f"{tag} has a number that is not finite")
    least, greatest = _WHOLE.get(vr, (found, found))
    if not (least <= found <= greatest and (vr not in _WHOLE or int(found) == found)):
        raise BadRequestError(f"{tag} has a value that is no {vr}")
    return found


def _is_of_form(vr: str, text: str) -> bool:
    form = _FORMS.get(vr)
    return form is None or not text or bool(form.fullmatch(text.strip()))


def _name(tag: str, found: object) -> object:
    if not found:
        return None
    groups = {"Alphabetic": found} if isinstance(found, str) else found
    if not isinstance(groups, dict) or not all(
        name in _GROUPS and isinstance(text, str) for name, text in groups.items()
    ):
        raise BadRequestError(f"{tag} has a value that is no person name")
    return {name: text for name, text in groups.items() if text} or None
