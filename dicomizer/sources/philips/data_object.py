# SPDX-License-Identifier: Apache-2.0
"""The XML of Philips scanners: objects of named attributes, many of them those of DICOM.

An attribute holds a text, a list of quoted texts, or an array of further objects. What is
binary is a text in base64.
"""

from __future__ import annotations

import binascii
import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_QUOTED = re.compile(r'"([^"]*)"')
_LIST = re.compile(r'(?:"[^"]*"\s*)+')
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")


class DataObject:
    """A ``DataObject`` element.

    Of attributes of one name the first counts.
    """

    def __init__(self, element: Element) -> None:
        self._attributes: dict[str, Element] = {}
        for attribute in element.iterfind("Attribute"):
            self._attributes.setdefault(attribute.get("Name", ""), attribute)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of an attribute, without their quotes; none where it is absent."""
        attribute = self._attributes.get(name)
        text = ((attribute.text if attribute is not None else None) or "").strip()
        values = _QUOTED.findall(text) if _LIST.fullmatch(text) else [text]
        return tuple(filter(None, (value.strip() for value in values)))

    def text(self, name: str) -> str | None:
        """Return the first value of an attribute."""
        return next(iter(self.texts(name)), None)

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return the values of an attribute if all are positive numbers, else none."""
        values = " ".join(self.texts(name)).split()
        try:
            numbers = tuple(map(float, values))
        except ValueError:
            return ()
        return numbers if all(math.isfinite(item) and item > 0 for item in numbers) else ()

    def binary(self, name: str) -> bytes | None:
        """Return what an attribute holds in base64; ``None`` where it is absent or empty."""
        digits = _NO_BASE64.sub("", self.text(name) or "")
        # A superfluous last digit has been seen; padding is as often absent as not.
        digits = digits[:-1] if len(digits) % 4 == 1 else digits
        return binascii.a2b_base64(digits + "=" * (-len(digits) % 4)) or None

    def objects(self, name: str) -> tuple[DataObject, ...]:
        """Return the objects of an attribute."""
        attribute = self._attributes.get(name)
        if attribute is None:
            return ()
        return tuple(map(DataObject, attribute.iterfind("Array/DataObject")))
