# SPDX-License-Identifier: Apache-2.0
"""Datasets as XML in the Native DICOM Model, written from DICOM JSON and read into it.

Both forms say the same, so that whatever has to do with values needs to know only JSON. Reading
takes no entities and no document type, whatever they are for. Both ways, private elements have no
block in their tag but the name of their creator, as the standard wants; a tag with its block is
read too, and written where an element has no creator.

References
----------
PS3.19 A.1 (Native DICOM Model), PS3.18 8.7.3.2 (media types of metadata)
"""

from __future__ import annotations

import base64
import functools
import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import TreeBuilder
from xml.sax.saxutils import escape, quoteattr

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.valuerep import VR

from dicomizer.errors import CorruptDicomError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from dicomizer.dicom.dicom_json import JsonDataset

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
XML_LIMIT = 16 << 20
"""Bytes of a document that is read."""
_MOST_TAGS = 150_000
"""And as many XML attributes: a DICOM attribute of one value has four of each. What is made of one
takes 150 bytes to 300."""
_DEEPEST = 24
_DEEPEST_ELEMENT = 2 * _DEEPEST + 5
"""Of a name within an item within an attribute, so many times, within the model."""
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'
)
_TAIL = "</NativeDicomModel>\n"
# What XML 1.0 cannot hold, not even as a reference (2.2).
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIAL = re.compile("[^\t\n\x20-%'-;=?-~]")
_NAME_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_INTEGERS = {
    "SS": (-(1 << 15), (1 << 15) - 1),
    "US": (0, (1 << 16) - 1),
    "SL": (-(1 << 31), (1 << 31) - 1),
    "UL": (0, (1 << 32) - 1),
    "SV": (-(1 << 63), (1 << 63) - 1),
    "UV": (0, (1 << 64) - 1),
}
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


def to_xml(dataset: JsonDataset) -> str:
    """Return a dataset in DICOM JSON as an XML document.

    Characters that XML cannot hold, such as a form feed, become U+FFFD.
    """
    out = [_HEAD]
    _write_dataset(dataset, out)
    out.append(_TAIL)
    return "".join(out)


def _write_dataset(dataset: JsonDataset, out: list[str]) -> None:
    for tag, element in dataset.items():
        vr = str(element["vr"])
        begin = _private_begin(dataset, tag, vr) if int(tag[3], 16) % 2 else _begin(tag, vr)
        out.append(begin)
        before = len(out)
        _write_content(vr, element, out)
        if len(out) > before:
            out.append("</DicomAttribute>")
        else:
            out[-1] = f"{begin[:-1]}/>"


@functools.lru_cache(4096)
def _begin(tag: str, vr: str) -> str:
    keyword = keyword_for_tag(int(tag, 16))
    named = f' keyword="{keyword}"' if keyword else ""
    return f'<DicomAttribute tag="{tag}" vr="{vr}"{named}>'


def _private_begin(dataset: JsonDataset, tag: str, vr: str) -> str:
    """Return the begin of a private element: without its block, but with who made it."""
    creator = dataset.get(f"{tag[:4]}00{tag[4:6]}", {}).get("Value")
    if tag[4:6] == "00" or not isinstance(creator, list) or not creator or not creator[0]:
        return f'<DicomAttribute tag="{tag}" vr="{vr}">'
    name = _quoted(creator[0])
    return f'<DicomAttribute tag="{tag[:4]}00{tag[6:]}" vr="{vr}" privateCreator={name}>'


def _quoted(value: object) -> str:
    return quoteattr(_clean(str(value)), {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})


def _write_content(vr: str, element: dict[str, object], out: list[str]) -> None:
    if "BulkDataURI" in element:
        out.append(f"<BulkData uri={_quoted(element['BulkDataURI'])}/>")
    elif "InlineBinary" in element:
        out.append(f"<InlineBinary>{_text(element['InlineBinary'])}</InlineBinary>")
    values = element.get("Value")
    for number, value in enumerate(values if isinstance(values, list) else (), 1):
        if vr == "SQ":
            out.append(f'<Item number="{number}">')
            _write_dataset(value, out)
            out.append("</Item>")
        elif vr == "PN":
            out.append(_person_name(number, value if isinstance(value, dict) else {}))
        else:
            text = "" if value is None else _text(value)
            out.append(f'<Value number="{number}">{text}</Value>')


def _person_name(number: int, name: dict[str, object]) -> str:
    groups = []
    for group in _NAME_GROUPS:
        if name.get(group):
            parts = zip(_NAME_PARTS, str(name[group]).split("^", 4), strict=False)
            content = "".join(f"<{part}>{_text(text)}</{part}>" for part, text in parts if text)
            groups.append(f"<{group}>{content}</{group}>")
    return f'<PersonName number="{number}">{"".join(groups)}</PersonName>'


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        value = int(value)
    text = str(value)
    if not _SPECIAL.search(text):
        return text
    # A parser would make a line feed of a carriage return.
    return escape(_clean(text), {"\r": "&#13;"})


def _clean(text: str) -> str:
    return _NO_CHARACTER.sub("\ufffd", text)


def from_xml(text: bytes | bytearray) -> JsonDataset:
    """Read a dataset in DICOM JSON from an XML document.

    Values that are missing by their number are null, and so are empty ones. Decimal strings stay
    text, which JSON allows and which loses nothing. Whatever the document is encoded in, text is
    Unicode.

    Raises
    ------
    CorruptDicomError
        It is no Native DICOM Model, has entities or a document type, or a value that its VR cannot
        have; or it goes over a limit.
    """
    if len(text) > XML_LIMIT or max(text.count(b"<"), text.count(b"=")) > _MOST_TAGS:
        raise CorruptDicomError(
            f"the XML has more than {XML_LIMIT >> 20} MiB, or more than {_MOST_TAGS:,} tags"
        )
    root = _parsed(text)
    if _name(root) != "NativeDicomModel":
        raise CorruptDicomError("the XML is no Native DICOM Model")
    return _dataset(root, 0)


def _parsed(text: bytes | bytearray) -> Element:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True)
    try:
        parser.feed(text)
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise CorruptDicomError(f"the XML cannot be read: {type(error).__name__}") from error
    return root


class _Builder(TreeBuilder):
    """Builds no tree that is deeper than any dataset, which none would look into."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Begin an element."""
        self._depth += 1
        if self._depth > _DEEPEST_ELEMENT:
            raise CorruptDicomError(f"sequences are nested deeper than {_DEEPEST}")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """End an element."""
        self._depth -= 1
        return super().end(tag)


def _name(element: Element) -> str:
    """Return the name of an element without its namespace, which not every client gives."""
    return str(element.tag).rpartition("}")[2]


def _children(element: Element, name: str) -> list[Element]:
    return [child for child in element if _name(child) == name]


def _dataset(parent: Element, depth: int) -> JsonDataset:
    if depth > _DEEPEST:
        raise CorruptDicomError(f"sequences are nested deeper than {_DEEPEST}")
    found = [(_read_tag(child), child) for child in _children(parent, "DicomAttribute")]
    blocks = _Blocks(found)
    dataset: JsonDataset = {}
    for tag, child in found:
        place = blocks.place(tag, child.get("privateCreator"))
        if place >> 16 == 2 or not place & 0xFFFF:
            continue  # group 2 and group lengths are no part of the model
        vr = _read_vr(place, child)
        try:
            dataset[f"{place:08X}"] = {"vr": vr, **_content(vr, child, depth)}
        except ValueError as error:
            raise CorruptDicomError(f"found no value of VR {vr}", place=f"{place:08X}") from error
    return dict(sorted({**blocks.reserved, **dataset}.items()))


class _Blocks:
    """Blocks of private elements: those that the document has, and those that it leaves open."""

    def __init__(self, found: list[tuple[int, Element]]) -> None:
        self._blocks: dict[tuple[int, str], int] = {}
        self.reserved: JsonDataset = {}
        for tag, child in found:
            group, number = tag >> 16, tag & 0xFFFF
            if group & 1 and 0x10 <= number <= 0xFF and "privateCreator" not in child.attrib:
                creator = (child.findtext("{*}Value") or "").strip()
                self._blocks.setdefault((group, creator), number)

    def place(self, tag: int, creator: str | None) -> int:
        """Return the tag of an element with the block of its creator, reserved if need be."""
        group = tag >> 16
        if creator is None or group % 2 == 0 or tag & 0xFF00:
            return tag
        creator = creator.strip()
        if (group, creator) not in self._blocks:
            taken = {block for (other, _), block in self._blocks.items() if other == group}
            free = next((block for block in range(0x10, 0x100) if block not in taken), None)
            if free is None:
                raise CorruptDicomError(
                    "no block is free for a private creator", place=f"{tag:08X}"
                )
            self._blocks[group, creator] = free
            self.reserved[f"{group:04X}{free:04X}"] = {"vr": "LO", "Value": [creator]}
        return tag | self._blocks[group, creator] << 8


def _read_tag(element: Element) -> int:
    text = element.get("tag") or ""
    if not _TAG.fullmatch(text):
        raise CorruptDicomError(f"found {text[:16]!r}, expected eight hexadecimal digits of a tag")
    return int(text, 16)


def _read_vr(tag: int, element: Element) -> str:
    vr = element.get("vr")
    if vr is None:
        try:
            vr = dictionary_VR(tag)[:2]
        except KeyError:
            vr = "UN"
    if vr not in VR.__members__ or len(vr) != 2:
        raise CorruptDicomError(f"found VR {vr[:8]!r}", place=f"{tag:08X}")
    return vr


def _content(vr: str, element: Element, depth: int) -> dict[str, object]:
    """Return what an element of DICOM JSON has beside its VR."""
    for reference in _children(element, "BulkData"):
        return {"BulkDataURI": _address(reference)}
    if vr in _BINARY:
        text = "".join(
            "".join(part.text or "" for part in _children(element, "InlineBinary")).split()
        )
        base64.b64decode(text, validate=True)
        return {"InlineBinary": text} if text else {}
    values = _values(vr, element, depth)
    return {"Value": values} if values else {}


def _address(reference: Element) -> str:
    address = reference.get("uri") or reference.get("uuid")
    if not address:
        raise ValueError("BulkData has no uri and no uuid")
    return address


def _values(vr: str, element: Element, depth: int) -> Sequence[object]:
    if vr == "SQ":
        items = _in_order(_children(element, "Item"))
        return [{} if item is None else _dataset(item, depth + 1) for item in items]
    if vr == "PN":
        names = _in_order(_children(element, "PersonName"))
        return [None if name is None else _read_name(name) for name in names]
    texts = [
        value if value is None else value.text for value in _in_order(_children(element, "Value"))
    ]
    return [_one(vr, text) if text else None for text in texts]


def _in_order(elements: list[Element]) -> list[Element | None]:
    """Return elements by their number, counted from 1, with ``None`` where one is left out."""
    numbers = [int(element.get("number") or place) for place, element in enumerate(elements, 1)]
    if any(number < 1 or number > _MOST_TAGS for number in numbers):
        raise ValueError("a number is out of range")
    if len(set(numbers)) != len(numbers) or max(numbers, default=0) > 2 * len(numbers) + 64:
        raise ValueError("numbers are doubled, or most of them are missing")
    found = dict(zip(numbers, elements, strict=True))
    return [found.get(number) for number in range(1, max(numbers, default=0) + 1)]


def _read_name(element: Element) -> dict[str, str] | None:
    groups = {}
    for group in _NAME_GROUPS:
        for found in _children(element, group)[:1]:
            parts = {_name(part): part.text or "" for part in found}
            groups[group] = "^".join(parts.get(name, "") for name in _NAME_PARTS).rstrip("^")
    return {group: text for group, text in groups.items() if text} or None


def _one(vr: str, text: str) -> object:
    if vr in _INTEGERS:
        least, most = _INTEGERS[vr]
        number = int(text)
        if not least <= number <= most:
            raise ValueError("a number is out of range")
        return number
    if vr == "IS":
        return int(text)
    if vr in {"FL", "FD"}:
        return float(text)
    if vr == "AT":
        return f"{int(text, 16):08X}"
    return text
