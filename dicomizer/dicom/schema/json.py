# SPDX-License-Identifier: Apache-2.0
"""Metadata as JSON: what ``--metadata FILE.json`` may hold, read strictly.

The JSON has the shape of `SlideMetadata`: an object for each record, the names of its fields as
keys, dates as ISO 8601 text, codes as objects of ``value``, ``scheme`` and ``meaning``. What the
model does not know is an error with a suggestion, so that a misspelt key is never lost in silence.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import functools
import json
import types
import typing
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import SlideMetadata, model
from dicomizer.dicom.schema.limits import check_metadata
from dicomizer.errors import MetadataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

JsonValue: typing.TypeAlias = (
    "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
)

_PARSERS: dict[type, tuple[str, Callable[[str], object]]] = {
    dt.date: ("a date such as 2026-01-31", dt.date.fromisoformat),
    dt.time: ("a time such as 13:45:00", dt.time.fromisoformat),
    dt.datetime: ("a date and time such as 2026-01-31T13:45:00+01:00", dt.datetime.fromisoformat),
}


def read_metadata(path: Path) -> SlideMetadata:
    """Return the metadata in a JSON file.

    Raises
    ------
    MetadataError
        The file cannot be read, is no JSON, or has a key or value that the model does not know.
    """
    if path.exists() and not path.is_file():
        raise MetadataError("found no regular file, expected JSON", file=path)
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise MetadataError(error.strerror or str(error), file=path) from error
    except (ValueError, RecursionError) as error:
        raise MetadataError(
            f"no JSON: {error}", file=path, remedy="see samples/metadata.json"
        ) from error
    try:
        return metadata_from_json(value)
    except MetadataError as error:
        error.file = str(path)
        raise


def metadata_from_json(value: JsonValue) -> SlideMetadata:
    """Return the metadata that a JSON value describes.

    Raises
    ------
    MetadataError
        A key is unknown, or a value is one that DICOM cannot hold; ``place`` has the path to it.
    """
    metadata = typing.cast("SlideMetadata", _record(SlideMetadata, value, "metadata"))
    check_metadata(metadata)
    return metadata


@functools.cache
def _hints(record: type) -> dict[str, object]:
    return typing.get_type_hints(record, vars(model))


def _record(record: type, value: JsonValue, place: str) -> object:
    if not isinstance(value, dict):
        raise _wrong(value, "an object", place)
    hints = _hints(record)
    for key in value:
        if key not in hints:
            raise _unknown(key, list(hints), place)
    known = {key: _value(hints[key], item, f"{place}.{key}") for key, item in value.items()}
    try:
        return record(**known)
    except TypeError as error:
        required = [item.name for item in dataclasses.fields(record)]
        raise _wrong(value, f"the keys {', '.join(required)}", place) from error


def _value(hint: object, value: JsonValue, place: str) -> object:
    options = typing.get_args(hint)
    if isinstance(hint, types.UnionType):
        return None if value is None else _value(options[0], value, place)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise _wrong(value, "a list", place)
        return tuple(_value(options[0], item, f"{place}[{i}]") for i, item in enumerate(value))
    assert isinstance(hint, type)
    return (
        _record(hint, value, place)
        if dataclasses.is_dataclass(hint)
        else _scalar(hint, value, place)
    )


def _scalar(kind: type, value: JsonValue, place: str) -> object:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in _PARSERS:
        expected, parse = _PARSERS[kind]
        try:
            return parse(typing.cast("str", value))
        except (TypeError, ValueError) as error:
            raise _wrong(value, expected, place) from error
    if type(value) is not kind:
        raise _wrong(value, {str: "text", int: "a whole number"}.get(kind, "a number"), place)
    return value


def _wrong(value: JsonValue, expected: str, place: str) -> MetadataError:
    found = json.dumps(value, ensure_ascii=False)
    found = found if len(found) <= 60 else f"{found[:57]}..."
    return MetadataError(f"found {found}, expected {expected}", place=place)


def _unknown(key: str, known: list[str], place: str) -> MetadataError:
    close = difflib.get_close_matches(key, known, n=1)
    remedy = f'did you mean "{close[0]}"?' if close else f"known keys are {', '.join(known)}"
    return MetadataError(f'unknown key "{key}"', place=place, remedy=remedy)
