# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema of metadata, made from the model, for editors and for programs that write it.

It is a little milder than `json` is: rules between values are not in it.

References
----------
JSON Schema, draft 2020-12
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import inspect
import re
import types
import typing
from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Code, PreparationStep, SlideMetadata, Specimen, Text
from dicomizer.dicom.schema.json import COMMENT, SCHEMA, hints_of
from dicomizer.dicom.schema.limits import longest
from dicomizer.dicom.schema.names import GROUPS
from dicomizer.dicom.schema.shorthand import SHORTHAND

if TYPE_CHECKING:
    from dicomizer.dicom.schema.json import JsonValue

    Schema = dict[str, JsonValue]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALARS: dict[type, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    dt.date: {"type": "string", "format": "date"},
    dt.time: {"type": "string", "pattern": r"^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$"},
    dt.datetime: {
        "type": "string",
        "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$",
    },
    bytes: {"type": "string", "contentEncoding": "base64"},
}
_PARAMETER = re.compile(r"^(\w[\w, ]*)\n((?: {4}.+\n?)+)", re.MULTILINE)
"""A field and its meaning in the docstring of its record."""


def metadata_schema() -> Schema:
    """Return the schema of what `metadata_from_json` reads."""
    records: dict[str, JsonValue] = {}
    root = _record(SlideMetadata, records)
    properties = root["properties"]
    assert isinstance(properties, dict)
    properties[SCHEMA] = {"type": "string"}
    return {
        "$schema": _DIALECT,
        "title": "Metadata of a slide for dicomizer convert --metadata",
        **root,
        "$defs": records,
    }


def _record(record: type, records: dict[str, JsonValue]) -> Schema:
    meanings = _meanings(record)
    properties: dict[str, JsonValue] = {COMMENT: {"description": "For people; not read."}}
    for name, hint in hints_of(record).items():
        found = _value(hint, records, GROUPS.get((record, name), ()))
        limit = longest(record, name)
        if limit and found.get("type") == "string":
            found = found | {"maxLength": limit}
        properties[name] = _nullable(found, hint, meanings.get(name))
    if record is Specimen:
        properties |= _shorthand(records)
    required: list[JsonValue] = [
        item.name for item in dataclasses.fields(record) if item.default is dataclasses.MISSING
    ]
    return {
        "type": "object",
        "description": (inspect.getdoc(record) or "").split("\n", 1)[0],
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _nullable(found: Schema, hint: object, meaning: str | None) -> JsonValue:
    described: Schema = {"description": meaning} if meaning else {}
    if types.NoneType in typing.get_args(hint):
        return described | {"anyOf": [found, {"type": "null"}]}
    return described | found


def _shorthand(records: dict[str, JsonValue]) -> Schema:
    """Return the keys of a specimen that stand for steps."""
    found: Schema = {}
    for key, procedure in SHORTHAND.items():
        hint = hints_of(PreparationStep)[key]
        value = _value(hint, records, GROUPS[PreparationStep, key])
        told = f"Stands for a preparation step of {procedure.meaning}; not with preparation."
        found[key] = _nullable(value, hint, told)
    return found


def _value(hint: object, records: dict[str, JsonValue], groups: tuple[int, ...]) -> Schema:
    options = [option for option in typing.get_args(hint) if option is not types.NoneType]
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": _value(options[0], records, groups)}
    kinds = options or [hint]
    if Code in kinds:
        return _concept(kinds, records, groups)
    (kind,) = kinds
    assert isinstance(kind, type)
    if dataclasses.is_dataclass(kind):
        return _reference(kind, records)
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    return dict(_SCALARS[kind])


def _concept(kinds: list[object], records: dict[str, JsonValue], groups: tuple[int, ...]) -> Schema:
    ways: list[JsonValue] = [_reference(Code, records)]
    if groups:
        where = ", ".join(f"CID {group}" for group in groups)
        named = f"The name of a concept in {where} of PS3.16, or an everyday one."
        ways.append({"type": "string", "description": named})
    if Text in kinds:
        ways.append(_reference(Text, records))
    return {"anyOf": ways} if len(ways) > 1 else _reference(Code, records)


def _reference(record: type, records: dict[str, JsonValue]) -> Schema:
    if record.__name__ not in records:
        records[record.__name__] = None
        records[record.__name__] = _record(record, records)
    return {"$ref": f"#/$defs/{record.__name__}"}


def _meanings(record: type) -> dict[str, str]:
    """Return what the docstring of a record says of its fields."""
    found: dict[str, str] = {}
    for names, told in _PARAMETER.findall((inspect.getdoc(record) or "") + "\n"):
        for name in names.split(", "):
            found[name] = " ".join(told.split())
    return found
