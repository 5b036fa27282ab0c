# SPDX-License-Identifier: Apache-2.0
"""The Native DICOM Model in XML, read into the DICOM JSON Model, which has the same content.

References
----------
PS3.19 A.1 (Native DICOM Model), PS3.18 F.2 (DICOM JSON Model)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.errors import CorruptDicomError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from dicomizer.dicom.dicom_json import JsonDataset

_DEPTH_LIMIT = 24
_HEX_DIGITS = 8
_ROOT = "NativeDicomModel"
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_WHOLE_NUMBERS = frozenset({"IS", "SL", "SS", "SV", "UL", "US", "UV"})
_FRACTIONS = frozenset({"DS", "FD", "FL"})


def read_native_xml(data: bytes) -> JsonDataset:
    """Return the dataset of an XML document, as DICOM JSON.

    Raises
    ------
    CorruptDicomError
        It is no Native DICOM Model; it has entities or a document type; sequences are nested
        deeper than 24.
    """
    import defusedxml.ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        root = defusedxml.ElementTree.fromstring(data, forbid_dtd=True)
    except (SyntaxError, ValueError, LookupError, DefusedXmlException) as error:
        raise CorruptDicomError(f"the XML cannot be read: {type(error).__name__}") from error
    if _name(root) != _ROOT:
        raise CorruptDicomError(f"expected {_ROOT}")
    return _dataset(root, 0)


def _name(element: Element) -> str:
    """Return the name of an element; senders differ in whether they give its namespace."""
    return str(element.tag).rpartition("}")[2]


def _dataset(parent: Element, depth: int) -> JsonDataset:
    if depth > _DEPTH_LIMIT:
        raise CorruptDicomError(f"sequences are nested deeper than {_DEPTH_LIMIT}")
    found: JsonDataset = {}
    for child in parent:
        if _name(child) != "DicomAttribute":
            raise CorruptDicomError("expected DicomAttribute")
        tag, vr = child.get("tag", "").upper(), child.get("vr", "")
        if len(tag) != _HEX_DIGITS or not set(tag) <= set("0123456789ABCDEF"):
            raise CorruptDicomError("expected a tag of eight hexadecimal digits")
        found[tag] = {"vr": vr, **_content(child, vr, depth)}
    return found


def _content(attribute: Element, vr: str, depth: int) -> dict[str, object]:
    names = {_name(child) for child in attribute}
    if not names:
        return {}
    if "BulkData" in names:
        return {"BulkDataURI": _bulk_address(attribute)}
    if "InlineBinary" in names:
        return {"InlineBinary": "".join((attribute[0].text or "").split())}
    children = sorted(attribute, key=_number)
    if vr == "SQ":
        return {"Value": [_dataset(item, depth + 1) for item in children]}
    if vr == "PN":
        return {"Value": [_person_name(name) for name in children]}
    return {"Value": [_value(value.text, vr) for value in children]}


def _bulk_address(attribute: Element) -> str:
    address = attribute[0].get("uri") or attribute[0].get("uuid")
    if not address:
        raise CorruptDicomError("expected a BulkData element with uri or uuid")
    return address


def _number(child: Element) -> int:
    text = child.get("number", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise CorruptDicomError("expected values that are numbered")
    return int(text)


def _person_name(name: Element) -> dict[str, str]:
    return {_name(group): _components(group) for group in name if _name(group) in _GROUPS}


def _components(group: Element) -> str:
    texts = {_name(part): part.text or "" for part in group}
    return "^".join(texts.get(name, "") for name in _COMPONENTS).rstrip("^")


def _value(text: str | None, vr: str) -> object:
    """Return a value as JSON has it: a number where DICOM JSON wants one and it is one."""
    if text is None:
        return None
    try:
        if vr in _WHOLE_NUMBERS:
            return int(text)
        if vr in _FRACTIONS:
            return float(text) if vr != "DS" else text.strip()
    except ValueError as error:
        raise CorruptDicomError(f"expected a number for VR {vr}") from error
    return text
