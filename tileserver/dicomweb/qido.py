# SPDX-License-Identifier: Apache-2.0
"""QIDO-RS: queries from the address, answers as DICOM JSON.

References
----------
PS3.18 10.6 (search transaction), 8.3.4 (query parameters)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pydicom.datadict import dictionary_VR, tag_for_keyword
from starlette.concurrency import run_in_threadpool

from tileserver.dicomweb.media_types import DICOM_JSON, JSON, Chosen, accepted, choose
from tileserver.dicomweb.responses import dicomweb_root, json_response
from tileserver.errors import BadRequestError
from tileserver.index import Condition, Level, Search
from tileserver.services.attributes import SERIES_ATTRIBUTES, STUDY_ATTRIBUTES
from tileserver.services.query import Included

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tileserver.services import Query
    from tileserver.settings import Settings

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_UID_LIST = re.compile(r"[,\\]")
_MOST_PARAMETERS = 256
_MOST_VALUES = 5000
_DEEPEST_PATH = 8
_LONGEST_VALUE = 1024
_STUDY_UID, _SERIES_UID = "0020000D", "0020000E"
_MODALITIES_IN_STUDY = "00080061"
_NOT_MATCHED = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "SQ"})


@dataclass
class _Asked:
    """What the parameters of a request add up to."""

    level: Level
    conditions: list[Condition] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    everything: bool = False
    is_fuzzy: bool = False
    warnings: list[str] = field(default_factory=list)


def _tag(name: str) -> str:
    """Return the tag for a keyword or eight digits.

    Raises
    ------
    BadRequestError
        It is neither.
    """
    if _TAG.fullmatch(name):
        return name.upper()
    tag = tag_for_keyword(name) if name.isascii() and name.isalnum() else None
    if tag is None:
        raise BadRequestError(f"{name[:64]!r} is no attribute: give a keyword or a tag")
    return f"{tag:08X}"


def _vr(tag: str) -> str:
    try:
        return dictionary_VR(int(tag, 16))[:2]
    except KeyError:
        return "UN"


def _level_of(tag: str) -> Level:
    if tag in STUDY_ATTRIBUTES or tag == _MODALITIES_IN_STUDY:
        return Level.STUDY
    return Level.SERIES if tag in SERIES_ATTRIBUTES else Level.INSTANCE


def _read_match(asked: _Asked, name: str, text: str) -> None:
    """Add a condition for an attribute; an empty value matches all and is only returned."""
    path = tuple(_tag(part) for part in name.split(".", _DEEPEST_PATH))
    asked.tags.add(path[0])
    level = _level_of(path[0])
    vr = _vr(path[-1])
    if not text or text == "*":
        return
    if len(text) > _LONGEST_VALUE and vr != "UI":
        raise BadRequestError(f"the value of {name[:64]} is too long")
    if level > asked.level:
        asked.warnings.append(f"{name[:64]} belongs to a lower level and was not matched")
    elif vr in _NOT_MATCHED:
        asked.warnings.append(f"{name[:64]} cannot be matched and was ignored")
    else:
        asked.conditions.append(Condition(level, path, vr, _values(vr, text, asked)))


def _values(vr: str, text: str, asked: _Asked) -> tuple[str, ...]:
    values = _UID_LIST.split(text) if vr == "UI" else [text]
    if len(values) + sum(len(item.values) for item in asked.conditions) > _MOST_VALUES:
        raise BadRequestError(f"more than {_MOST_VALUES:,} values are asked to match")
    if vr == "PN" and asked.is_fuzzy:
        # Whatever component begins with what was typed: the first, or one behind a caret.
        name = text.strip("*")
        return (f"{name}*", f"*^{name}*")
    return tuple(values)


def _read_include(asked: _Asked, text: str) -> None:
    for name in text.split(","):
        if name.strip().lower() == "all":
            asked.everything = True
        elif name.strip():
            asked.tags.add(_tag(name.strip().split(".")[0]))


def _whole_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadRequestError(f"{name} is no whole number")
    return int(text)


def _read(request: Request, level: Level) -> tuple[_Asked, int | None, int]:
    """Return the query, the limit and the offset that the parameters tell."""
    asked = _Asked(level)
    parameters = request.query_params
    if len(parameters.multi_items()) > _MOST_PARAMETERS:
        raise BadRequestError(f"more than {_MOST_PARAMETERS} parameters")
    asked.is_fuzzy = parameters.get("fuzzymatching", "").lower() == "true"
    limit: int | None = None
    offset = 0
    for name, text in parameters.multi_items():
        if name == "includefield":
            _read_include(asked, text)
        elif name == "limit":
            limit = _whole_number(name, text)
        elif name == "offset":
            offset = _whole_number(name, text)
        elif name not in ("fuzzymatching", "accept"):
            _read_match(asked, name, text)
    for key, tag, of_level in (
        ("study", _STUDY_UID, Level.STUDY),
        ("series", _SERIES_UID, Level.SERIES),
    ):
        if key in request.path_params:
            uid = request.path_params[key]
            asked.conditions.append(Condition(of_level, (tag,), "UI", (uid,)))
    return asked, limit, offset


async def _search(request: Request, level: Level) -> Response:
    chosen = choose(
        accepted(request),
        Chosen(DICOM_JSON, is_multipart=False),
        Chosen(JSON, is_multipart=False),
    )
    settings: Settings = request.app.state.settings
    query: Query = request.app.state.services.query
    asked, limit, offset = _read(request, level)
    allowed = min(settings.max_results if limit is None else limit, settings.max_results)
    # One more than asked tells whether there are more.
    search = Search(level, tuple(asked.conditions), allowed + 1, offset)
    included = Included(frozenset(asked.tags), asked.everything)
    answers = await run_in_threadpool(
        partial(query.search, search, included, dicomweb_root(request))
    )
    has_more = len(answers) > allowed
    if has_more and (limit is None or limit > allowed):
        asked.warnings.append(
            f"there are more than {allowed} results: ask again with offset={offset + allowed}"
        )
    response = json_response(answers[:allowed], media_type=chosen.media_type)
    response.headers["Cache-Control"] = "private, no-cache"
    for warning in asked.warnings:
        response.headers.append("Warning", f'299 coverslip "{warning}"')
    return response


async def studies(request: Request) -> Response:
    """Search for studies."""
    return await _search(request, Level.STUDY)


async def series(request: Request) -> Response:
    """Search for series, of a study or of all."""
    return await _search(request, Level.SERIES)


async def instances(request: Request) -> Response:
    """Search for instances, of a series, of a study or of all."""
    return await _search(request, Level.INSTANCE)
