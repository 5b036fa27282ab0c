# SPDX-License-Identifier: Apache-2.0
"""Asks a DICOMweb service which instances it holds.

The series of each is listed by QIDO-RS; a service without it is asked for the metadata of each
instance by WADO-RS.

References
----------
PS3.18 10.6 (search transaction), 10.4 (retrieve transaction)
"""

from __future__ import annotations

import json
from itertools import count, groupby
from typing import TYPE_CHECKING, Any

from dicomizer.errors import NetworkError
from dicomizer.send.errors import LongAnswerError, NotOfferedError, RequestRefusedError
from dicomizer.send.peer import Held

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dicomizer.send.http import HttpClient
    from dicomizer.send.instances import Instance

_DICOM_JSON = "application/dicom+json"
_PAGE = 500
_SOP_CLASS, _SOP_INSTANCE = "00080016", "00080018"
_SYNTAXES, _FRAMES, _ROWS, _COLUMNS = "00083002", "00280008", "00280010", "00280011"
_ASKED = (_SOP_CLASS, _SOP_INSTANCE, _SYNTAXES, _FRAMES, _ROWS, _COLUMNS)
_NOT_OFFERED = frozenset({405, 406, 410, 415, 501})


class WebQuery:
    """Questions to a DICOMweb service."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._searches = True
        self._is_known_to_search = False
        self._is_known_to_retrieve = False

    def find(self, instances: Sequence[Instance]) -> dict[str, Held] | None:
        """Return those that the service holds; see `Peer.find`."""
        found: dict[str, Held] = {}
        try:
            for (study, series), group in _by_series(instances):
                wanted = {instance.sop_instance_uid for instance in group}
                found |= self._of_series(f"/studies/{study}/series/{series}", wanted)
        except NotOfferedError:
            return None
        return found

    def _of_series(self, path: str, wanted: set[str]) -> dict[str, Held]:
        if self._searches:
            try:
                return self._searched(path, wanted)
            except (NotOfferedError, RequestRefusedError):
                self._searches = False
        return {uid: held for uid in wanted if (held := self._retrieved(f"{path}/instances/{uid}"))}

    def _searched(self, path: str, wanted: set[str]) -> dict[str, Held]:
        """List a series page by page until all that is wanted is found, or nothing new comes."""
        seen: dict[str, Held] = {}
        for _ in count():
            query = f"limit={_PAGE}&offset={len(seen)}"
            query += "".join(f"&includefield={tag}" for tag in _ASKED)
            page = self._listed(f"{path}/instances", query)
            before = len(seen)
            seen |= page
            if len(seen) == before or wanted <= seen.keys():
                break
        return {uid: held for uid, held in seen.items() if uid in wanted}

    def _listed(self, path: str, query: str) -> dict[str, Held]:
        answer = self._http.get(path, _DICOM_JSON, query)
        if answer.status in _NOT_OFFERED:
            raise NotOfferedError("the peer answers no queries")
        if answer.status == 404:
            self._check_search()
        else:
            self._is_known_to_search = True
        return _read(answer.body) if answer.status == 200 else {}

    def _check_search(self) -> None:
        """Tell a service that has no such study from one that has no search: both answer 404."""
        if not self._is_known_to_search:
            answer = self._http.get("/studies", _DICOM_JSON, "limit=1&offset=0")
            if answer.status not in (200, 204):
                raise NotOfferedError("the peer answers no queries")
            self._is_known_to_search = True

    def _retrieved(self, path: str) -> Held | None:
        try:
            answer = self._http.get(f"{path}/metadata", _DICOM_JSON)
        except RequestRefusedError as error:
            raise NotOfferedError("the peer gives no metadata") from error
        except LongAnswerError:
            return Held()  # it is there; the rest of a large slide is not worth the memory
        if answer.status == 200:
            self._is_known_to_retrieve = True
            return next(iter(_read(answer.body).values()), None)
        if answer.status in _NOT_OFFERED or not self._is_known_to_retrieve:
            raise NotOfferedError("the peer gives no metadata")
        return None


def _by_series(
    instances: Iterable[Instance],
) -> Iterable[tuple[tuple[str, str], Iterable[Instance]]]:
    def series(instance: Instance) -> tuple[str, str]:
        return instance.study_instance_uid, instance.series_instance_uid

    return groupby(sorted(instances, key=series), key=series)


def _read(body: bytes) -> dict[str, Held]:
    try:
        items: Any = json.loads(body or b"[]")
        return {str(_value(item, _SOP_INSTANCE)): _held(item) for item in items}
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError) as error:
        raise NetworkError(
            "the peer's answer to a query is no DICOM JSON", remedy="check the path of the address"
        ) from error


def _held(item: Any) -> Held:
    sop_class = _value(item, _SOP_CLASS)
    return Held(
        _number(item, _FRAMES),
        _number(item, _ROWS),
        _number(item, _COLUMNS),
        None if sop_class is None else str(sop_class),
        frozenset(map(str, (item.get(_SYNTAXES) or {}).get("Value") or ())),
    )


def _number(item: Any, tag: str) -> int | None:
    value = _value(item, tag)
    return None if value is None else int(value)


def _value(item: Any, tag: str) -> Any:
    values = (item.get(tag) or {}).get("Value")
    return values[0] if values else None
