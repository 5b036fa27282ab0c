# SPDX-License-Identifier: Apache-2.0
"""Metadata as JSON, both ways; read strictly.

The JSON has the shape of `SlideMetadata`: an object for each record, the names of its fields as
keys, dates as ISO 8601 text, codes as objects of ``value``, ``scheme`` and ``meaning`` or by a
well-known name, and ``"_comment"`` wherever a person likes to put one. What the model does not know
is an error with a suggestion, so that a misspelt key is never lost in silence.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import difflib
import functools
import json
import math
import types
import typing
from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Code, PreparationStep, SlideMetadata, Specimen, Text
from dicomizer.dicom.schema.limits import check_metadata, names_somebody
from dicomizer.dicom.schema.names import GROUPS, closest, concept, several
from dicomizer.dicom.schema.shorthand import SHORTHAND, expanded
from dicomizer.errors import MetadataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

JsonValue: typing.TypeAlias = (
    "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
)
COMMENT = "_comment"
SCHEMA = "$schema"
"""By which a document tells editors its schema; only at the top."""

_PARSERS: dict[type, tuple[str, Callable[[str], object]]] = {
    dt.date: ("a date such as 2026-01-31", dt.date.fromisoformat),
    dt.time: ("a time such as 13:45:00", dt.time.fromisoformat),
    dt.datetime: ("a date and time such as 2026-01-31T13:45:00+01:00", dt.datetime.fromisoformat),
    bytes: ("Base64", functools.partial(base64.b64decode, validate=True)),
}


def parse_json(text: str) -> JsonValue:
    """Return the value of a JSON text.

    Raises
    ------
    ValueError
        It is no JSON, or an object has a key twice.
    """
    return typing.cast("JsonValue", json.loads(text, object_pairs_hook=_without_duplicates))


def _without_duplicates(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for key, value in pairs:
        if key in found and key != COMMENT:
            raise ValueError(f'the key "{key}" is given twice')
        found[key] = value
    return found


def metadata_from_json(value: JsonValue) -> SlideMetadata:
    """Return the metadata that a JSON value describes.

    Raises
    ------
    MetadataError
        A key is unknown, or a value is one that DICOM cannot hold; ``place`` has the path to it.
    """
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if key != SCHEMA}
    metadata = typing.cast("SlideMetadata", _record(SlideMetadata, value, "metadata"))
    check_metadata(metadata)
    return metadata


def metadata_to_json(metadata: SlideMetadata) -> dict[str, JsonValue]:
    """Return metadata as `metadata_from_json` reads it, without what is not known."""
    return _object(metadata)


def _object(record: object) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for item in dataclasses.fields(record):  # type: ignore[arg-type]
        value = _json(getattr(record, item.name))
        if value not in (None, [], {}):
            found[item.name] = value
    return found


def _json(value: object) -> JsonValue:
    if dataclasses.is_dataclass(value):
        return _object(value)
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.value if isinstance(value, Enum) else typing.cast("JsonValue", value)


@functools.cache
def hints_of(record: type) -> dict[str, object]:
    """Return the fields of a record with the types of their values."""
    return typing.get_type_hints(record)


def _record(record: type, value: JsonValue, place: str) -> object:
    if not isinstance(value, dict):
        raise _wrong(value, "an object", place)
    value = {key: item for key, item in value.items() if key != COMMENT}
    hints = hints_of(record)
    fields = {key: (hint, GROUPS.get((record, key), ())) for key, hint in hints.items()}
    if record is Specimen:
        fields |= {
            key: (hints_of(PreparationStep)[key], GROUPS[PreparationStep, key]) for key in SHORTHAND
        }
    for key in value:
        if key not in fields:
            raise _unknown(key, [*fields, COMMENT], place)
    known = {
        key: _value(fields[key][0], item, f"{place}.{key}", fields[key][1])
        for key, item in value.items()
    }
    if record is Specimen:
        known = expanded(known, place)
    try:
        return record(**known)
    except TypeError as error:
        required = [
            item.name for item in dataclasses.fields(record) if item.default is dataclasses.MISSING
        ]
        raise _wrong(value, f"the keys {', '.join(required)}", place) from error


def _value(hint: object, value: JsonValue, place: str, groups: tuple[int, ...] = ()) -> object:
    options = typing.get_args(hint)
    if isinstance(hint, types.UnionType) and types.NoneType in options:
        return None if value is None else _value(options[0], value, place, groups)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise _wrong(value, "a list", place)
        found = [
            _several(options[0], item, f"{place}[{i}]", groups) for i, item in enumerate(value)
        ]
        return tuple(one for many in found for one in many)
    if hint is Code or Code in options:
        return _concept(value, place, groups, or_text=Text in options)
    assert isinstance(hint, type)
    return (
        _record(hint, value, place)
        if dataclasses.is_dataclass(hint)
        else _scalar(hint, value, place)
    )


def _several(
    hint: object, value: JsonValue, place: str, groups: tuple[int, ...]
) -> Sequence[object]:
    """Return the values that an item of a list stands for: more than one for "H&E"."""
    if groups and isinstance(value, str):
        return [_value(hint, name, place, groups) for name in several(value)]
    return [_value(hint, value, place, groups)]


def _concept(value: JsonValue, place: str, groups: tuple[int, ...], *, or_text: bool) -> object:
    if or_text and isinstance(value, dict) and "text" in value:
        return _record(Text, value, place)
    if not isinstance(value, str) or not groups:
        return _record(Code, value, place)
    found = concept(value, groups)
    if found is None:
        raise _unknown_name(value, groups, place, or_text=or_text)
    return found


def _unknown_name(
    name: str, groups: tuple[int, ...], place: str, *, or_text: bool
) -> MetadataError:
    close = closest(name, groups)
    suggestion = f'did you mean "{close}"? Or give' if close else "give"
    ways = "a code as value, scheme and meaning" + (', or {"text": …}' if or_text else "")
    where = " and ".join(f"CID {group}" for group in groups)
    return MetadataError(
        f'"{name[:40]}" is no name of a concept in {where}',
        place=place,
        remedy=f"{suggestion} {ways}",
    )


def _scalar(kind: type, value: JsonValue, place: str) -> object:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if issubclass(kind, Enum):
        return _choice(kind, value, place)
    if kind in _PARSERS:
        expected, parse = _PARSERS[kind]
        try:
            return parse(typing.cast("str", value))
        except (TypeError, ValueError) as error:
            raise _wrong(value, expected, place) from error
    if type(value) is not kind or (isinstance(value, float) and not math.isfinite(value)):
        raise _wrong(value, {str: "text", int: "a whole number"}.get(kind, "a number"), place)
    return value.strip() or value if isinstance(value, str) else value


def _choice(kind: type[Enum], value: JsonValue, place: str) -> Enum:
    for member in kind:
        if member.value == value:
            return member
    raise _wrong(value, f"one of {', '.join(str(member.value) for member in kind)}", place)


def _wrong(value: JsonValue, expected: str, place: str) -> MetadataError:
    if names_somebody(place):
        return MetadataError(f"expected {expected}", place=place)
    found = json.dumps(value, ensure_ascii=False)
    found = found if len(found) <= 60 else f"{found[:57]}..."
    return MetadataError(f"found {found}, expected {expected}", place=place)


def _unknown(key: str, known: list[str], place: str) -> MetadataError:
    close = difflib.get_close_matches(key, known, n=1)
    remedy = f'did you mean "{close[0]}"?' if close else f"known keys are {', '.join(known)}"
    return MetadataError(f'unknown key "{key}"', place=place, remedy=remedy)
