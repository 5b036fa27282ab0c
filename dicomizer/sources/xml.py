# SPDX-License-Identifier: Apache-2.0
"""XML within slide files, parsed without trust: no document type, so no entities to expand."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from dicomizer.errors import CorruptSourceError

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST = 64 << 20
"""Characters; Philips puts whole images into theirs."""


class _Parser:
    """An expat parser that stops at a document type declaration."""

    def __init__(self) -> None:
        self._builder = ET.TreeBuilder()
        self._parser = ET.XMLParser(target=self)  # noqa: S314 - document types are refused

    def parse(self, text: str) -> ET.Element:
        self._parser.feed(text)
        self._parser.close()
        return self._builder.close()

    def start(self, tag: str, attributes: dict[str, str]) -> ET.Element:
        return self._builder.start(tag, attributes)

    def end(self, tag: str) -> ET.Element:
        return self._builder.end(tag)

    def data(self, text: str) -> None:
        self._builder.data(text)

    def doctype(self, name: str, _pubid: str | None, _system: str | None) -> None:
        raise ValueError(f"found a document type {name!r}, which no scanner writes")

    def close(self) -> None:
        """Do nothing at the parser's end: the tree is taken from the builder."""


def parse_xml(text: str, file: Path, place: str) -> ET.Element:
    """Parse the XML that a slide file holds.

    Raises
    ------
    CorruptSourceError
        It is not well formed, too long, or declares a document type.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError(f"it has {len(text)} characters, expected at most {_LONGEST}")
        return _Parser().parse(text)
    except (ET.ParseError, ValueError, RecursionError, AssertionError) as error:
        raise CorruptSourceError(
            f"the XML cannot be read: {error}", file=file, place=place, remedy="copy the file again"
        ) from error
