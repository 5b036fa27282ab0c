# SPDX-License-Identifier: Apache-2.0
"""Values out of the DICOM JSON that the index keeps, read tolerantly.

References
----------
PS3.18 Annex F (DICOM JSON Model)
"""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydicom.datadict import tag_for_keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

Attributes = dict[str, Any]
_REFERENCE = "bulk-data-of-this-instance:"


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary value: at hand, or the path of one in the stored file."""

    value: bytes | None = field(repr=False)
    path: str | None


def tag(keyword: str) -> str:
    """Return the tag of a keyword as DICOM JSON writes it."""
    found = tag_for_keyword(keyword)
    assert found is not None, keyword
    return f"{found:08X}"


_TAGS: dict[str, str] = {}


def _element(attributes: Attributes, keyword: str) -> Attributes:
    name = _TAGS.get(keyword) or _TAGS.setdefault(keyword, tag(keyword))
    found = attributes.get(name)
    return found if isinstance(found, dict) else {}


def values(attributes: Attributes, keyword: str) -> list[Any]:
    """Return the values of an attribute."""
    found = _element(attributes, keyword).get("Value")
    return found if isinstance(found, list) else []


def text(attributes: Attributes, keyword: str) -> str | None:
    """Return the first value of an attribute as a text."""
    found = next(iter(values(attributes, keyword)), None)
    return found.strip() or None if isinstance(found, str) else None


def texts(attributes: Attributes, keyword: str) -> list[str]:
    """Return the values of an attribute as texts, empty ones included."""
    return [
        value.strip() if isinstance(value, str) else "" for value in values(attributes, keyword)
    ]


def numbers(attributes: Attributes, keyword: str) -> list[float]:
    """Return the values of an attribute; none at all where one is no finite number."""
    try:
        found = [float(value) for value in values(attributes, keyword)]
    except (TypeError, ValueError, OverflowError):
        return []
    return found if all(map(math.isfinite, found)) else []


def number(attributes: Attributes, keyword: str) -> float | None:
    """Return the first value of a numeric attribute."""
    return next(iter(numbers(attributes, keyword)), None)


def whole(attributes: Attributes, keyword: str) -> int | None:
    """Return the first value of an attribute as a whole number."""
    value = number(attributes, keyword)
    return int(value) if value is not None and value.is_integer() else None


def items(attributes: Attributes, keyword: str) -> list[Attributes]:
    """Return the items of a sequence."""
    return [item for item in values(attributes, keyword) if isinstance(item, dict)]


def first(attributes: Attributes, keyword: str) -> Attributes:
    """Return the first item of a sequence, or one without attributes."""
    return next(iter(items(attributes, keyword)), {})


def codes(attributes: Attributes, keyword: str) -> Iterator[str]:
    """Yield the code values of a code sequence."""
    for item in items(attributes, keyword):
        value = text(item, "CodeValue") or text(item, "LongCodeValue")
        if value:
            yield value


def binary(attributes: Attributes, keyword: str) -> Binary | None:
    """Return a binary value, or where it is to be had."""
    element = _element(attributes, keyword)
    inline, reference = element.get("InlineBinary"), element.get("BulkDataURI")
    if isinstance(inline, str):
        try:
            return Binary(base64.b64decode(inline, validate=True), None)
        except binascii.Error:
            return None
    if isinstance(reference, str) and reference.startswith(_REFERENCE):
        return Binary(None, reference.removeprefix(_REFERENCE))
    return None


def group(attributes: Attributes, keyword: str) -> Attributes:
    """Return a functional group that holds for all frames."""
    return first(first(attributes, "SharedFunctionalGroupsSequence"), keyword)


def group_or_first(attributes: Attributes, keyword: str) -> Attributes:
    """Return a functional group that holds for all frames, or that of the first frame."""
    found = group(attributes, keyword)
    return found or first(first(attributes, "PerFrameFunctionalGroupsSequence"), keyword)
