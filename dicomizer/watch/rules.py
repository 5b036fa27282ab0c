# SPDX-License-Identifier: Apache-2.0
"""Where metadata of a slide come from: a file of TOML, read and checked at the start.

    [file_name]
    pattern = '(?P<accession_number>[^_]+)_(?P<container_id>[^_]+)'

    [barcode]
    pattern = '(?P<container_id>.+)'

    [[table]]
    file = "cases.csv"
    where = { container_id = "{container_id}" }
    required = true

    [[worklist]]
    address = "dicom://RIS@ris.example.org:104"
    where = { AccessionNumber = "{accession_number}" }

    [sidecar]
    file = "{stem}.json"

They are followed in this order, and what is told later goes over what was told before. All but the
last tell columns of a table for ``--metadata``; a group of a pattern with another name is known to
the look-ups that follow, and goes nowhere else.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dicomizer.errors import DicomizerError, MetadataError
from dicomizer.send.destination import EntityDestination, parse_destination
from dicomizer.watch.worklist import MATCHED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BARCODE_FORMATS = ("Code128", "QRCode", "DataMatrix")
"""Those of labels of slides; others that the library knows may be asked for."""
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class PatternRule:
    """What a text tells by the named groups of a pattern."""

    pattern: re.Pattern[str]
    required: bool
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SidecarRule:
    """A file beside the slide; its name may have the slide's in it, as {name} or {stem}."""

    file: str
    required: bool

    def beside(self, *slides: Path) -> list[Path]:
        """Return the files that lie beside a slide in the places where it lies or lay."""
        paths = [
            slide.with_name(self.file.replace("{name}", slide.name).replace("{stem}", slide.stem))
            for slide in slides
        ]
        return [path for path in dict.fromkeys(paths) if path.is_file()]


@dataclass(frozen=True, slots=True)
class TableRule:
    """A row of a table, by what some of its columns must be."""

    file: Path
    where: Mapping[str, str]
    required: bool


@dataclass(frozen=True, slots=True)
class WorklistRule:
    """An item of a worklist, by what some of its attributes must be."""

    destination: EntityDestination
    where: Mapping[str, str]
    required: bool
    timeout: float = 20.0


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a file; nothing is asked where there is none."""

    file_name: PatternRule | None = None
    barcode: PatternRule | None = None
    tables: tuple[TableRule, ...] = ()
    worklists: tuple[WorklistRule, ...] = ()
    sidecar: SidecarRule | None = None


def read_rules(path: Path) -> Rules:
    """Return the rules in a file.

    Raises
    ------
    MetadataError
        It cannot be read, or a rule is none.
    """
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except OSError as error:
        raise MetadataError(error.strerror or str(error), file=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MetadataError(
            f"no TOML: {error}", file=path, remedy="see samples/watch.toml"
        ) from error
    try:
        return _rules(found, path.parent)
    except MetadataError as error:
        error.file = error.file or str(path)
        raise


def filled(text: str, facts: Mapping[str, str]) -> str | None:
    """Return a text with what is known in place of names in braces; ``None`` if one is not."""
    names = _PLACE.findall(text)
    if any(not facts.get(name) for name in names):
        return None
    return _PLACE.sub(lambda match: facts[match[1]], text)


def _rules(found: dict[str, Any], folder: Path) -> Rules:
    known = {"file_name", "barcode", "table", "worklist", "sidecar"}
    for name in found.keys() - known:
        raise MetadataError(
            f'found the rule "{name}", expected one of {", ".join(sorted(known))}',
            remedy="see samples/watch.toml",
        )
    return Rules(
        _pattern("file_name", found.get("file_name"), ()),
        _pattern("barcode", found.get("barcode"), BARCODE_FORMATS),
        tuple(_table(item, folder) for item in _several("table", found)),
        tuple(_worklist(item) for item in _several("worklist", found)),
        _sidecar(found.get("sidecar")),
    )


def _pattern(name: str, told: Any, formats: tuple[str, ...]) -> PatternRule | None:
    if told is None:
        return None
    rule = _Rule(name, told, {"pattern", "required"} | ({"formats"} if formats else set()))
    text = rule.text("pattern", "(?P<container_id>.+)" if formats else None)
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise MetadataError(f"no regular expression: {error}", place=f"{name}.pattern") from error
    if not pattern.groupindex:
        raise MetadataError(
            "found no named group, expected one such as (?P<accession_number>[^_]+)",
            place=f"{name}.pattern",
        )
    given = told.get("formats", list(formats))
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise MetadataError('expected a list such as ["Code128"]', place=f"{name}.formats")
    return PatternRule(pattern, rule.required, tuple(given))


def _table(told: Any, folder: Path) -> TableRule:
    rule = _Rule("table", told, {"file", "where", "required"})
    return TableRule(folder / rule.text("file"), rule.where(), rule.required)


def _worklist(told: Any) -> WorklistRule:
    rule = _Rule("worklist", told, {"address", "where", "required", "calling_aet", "timeout"})
    calling = told.get("calling_aet")
    try:
        destination = parse_destination(rule.text("address"), calling)
    except DicomizerError as error:
        raise MetadataError(error.problem, place="worklist.address", remedy=error.remedy) from error
    if not isinstance(destination, EntityDestination):
        raise MetadataError(
            "found the address of a web service, expected dicom://AET@host:port",
            place="worklist.address",
        )
    where = rule.where()
    for name in where.keys() - MATCHED:
        raise MetadataError(
            f'found the attribute "{name}", expected one of {", ".join(sorted(MATCHED))}',
            place="worklist.where",
        )
    timeout = told.get("timeout", 20)
    if not isinstance(timeout, int | float) or not 1 <= timeout <= 600:
        raise MetadataError("expected seconds, 1 to 600", place="worklist.timeout")
    return WorklistRule(destination, where, rule.required, float(timeout))


def _sidecar(told: Any) -> SidecarRule | None:
    if told is None:
        return None
    rule = _Rule("sidecar", told, {"file", "required"})
    file = rule.text("file", "{stem}.json")
    if "/" in file or "\\" in file:
        raise MetadataError("it lies beside the slide: expected a name", place="sidecar.file")
    return SidecarRule(file, rule.required)


def _several(name: str, found: dict[str, Any]) -> list[Any]:
    told = found.get(name, [])
    return told if isinstance(told, list) else [told]


class _Rule:
    """A table of the file, of which each value is checked."""

    def __init__(self, name: str, told: Any, keys: set[str]) -> None:
        self._name = name
        self._told: dict[str, Any] = told if isinstance(told, dict) else {}
        for key in self._told.keys() - keys:
            raise MetadataError(
                f'found the key "{key}", expected one of {", ".join(sorted(keys))}', place=name
            )
        self.required = self._told.get("required", False)
        if not isinstance(self.required, bool):
            raise MetadataError("expected true or false", place=f"{name}.required")

    def text(self, key: str, default: str | None = None) -> str:
        found = self._told.get(key, default)
        if not isinstance(found, str) or not found:
            raise MetadataError("found no text", place=f"{self._name}.{key}")
        return found

    def where(self) -> dict[str, str]:
        found = self._told.get("where")
        if not isinstance(found, dict) or not found:
            raise MetadataError(
                'expected what must be the same, such as { container_id = "{barcode}" }',
                place=f"{self._name}.where",
            )
        if not all(isinstance(value, str) for value in found.values()):
            raise MetadataError("expected texts", place=f"{self._name}.where")
        return found
