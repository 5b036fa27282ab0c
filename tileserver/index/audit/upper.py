# SPDX-License-Identifier: Apache-2.0
"""Studies and series against the instances in them: values, counts, and all they are found by.

All is read in one snapshot, in one go through the tables.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import astuple, dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from tileserver.index.attributes import SERIES_ATTRIBUTES, STUDY_ATTRIBUTES, picked
from tileserver.index.audit.contradiction import Contradiction
from tileserver.index.audit.sums import Sums
from tileserver.index.keys import differing_codes, series_keys, study_keys, text_of_keys
from tileserver.index.rows import SeriesRow, StudyRow

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

_EVERYTHING = (
    "SELECT study.id, series.id, instance.id, instance.transfer_syntax_uid, instance.attributes "
    "FROM study LEFT JOIN series ON series.study_id = study.id "
    "LEFT JOIN instance ON instance.series_id = series.id ORDER BY study.id, series.id, instance.id"
)
_STUDY = (
    "SELECT study_instance_uid, number_of_series, number_of_instances, modalities, study_date, "
    "patient_id, folded_patient_name, accession_number, summary, attributes FROM study WHERE id = ?"
)
_SERIES = (
    "SELECT series_instance_uid, number_of_instances, first_keys, differing_codes, modality, "
    "summary, attributes FROM series WHERE id = ?"
)
_OF_INSTANCES = ("number_of_instances", "first_keys", "differing_codes")
_STUDY_COUNTS = ("number_of_series", "number_of_instances", "modalities")
_TRIGRAM = 3


class _Row(NamedTuple):
    study_id: int
    series_id: int | None
    instance_id: int | None
    transfer_syntax_uid: str
    text: str


@dataclass(slots=True)
class _Series:
    """What a series should be, by its instances."""

    id: int
    first: int | None = None
    count: int = 0
    row: SeriesRow = field(default_factory=lambda: SeriesRow.of({}))
    keys: set[tuple[int, str]] = field(default_factory=set)
    first_keys: str = ""
    differing_codes: int = 0

    def add(self, keys: set[tuple[int, str]]) -> None:
        """Count an instance, and take its keys."""
        self.count += 1
        self.keys |= keys
        self.first_keys = self.first_keys or text_of_keys(keys)
        self.differing_codes |= differing_codes(self.first_keys, keys)

    def of_instances(self) -> tuple[int, str, int]:
        """Return the number of instances, the keys of the first, and which codes differ."""
        return self.count, self.first_keys, self.differing_codes


@dataclass(slots=True)
class _Study:
    """What a study should be, by its instances."""

    id: int
    first: int | None = None
    row: StudyRow = field(default_factory=lambda: StudyRow.of({}))
    keys: set[tuple[int, str]] = field(default_factory=set)
    series: list[_Series] = field(default_factory=list)

    def counts(self) -> tuple[int, int, str]:
        """Return the numbers of series and instances, and the modalities."""
        modalities = {each.row.modality for each in self.series} - {""}
        instances = sum(each.count for each in self.series)
        return len(self.series), instances, "\\".join(sorted(modalities))


class UpperRows:
    """Looks at all studies of a snapshot; to be used once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        ids = connection.execute("SELECT id FROM study ORDER BY id")
        self._keys = Sums(row[0] for row in ids)
        ids = connection.execute("SELECT id FROM study ORDER BY id")
        self._names = Sums(row[0] for row in ids)

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield what does not fit."""
        rows = (_Row(*row) for row in self._connection.execute(_EVERYTHING))
        for study_id, group in itertools.groupby(rows, lambda row: row.study_id):
            study = _study_of(study_id, group)
            yield from self._compare_study(study)
            for series in study.series:
                yield from self._compare_series(series)
            self._expect(study)
        yield from self._compare_keys()
        yield from self._compare_names()

    def _compare_study(self, study: _Study) -> Iterator[Contradiction]:
        uid, *found = self._connection.execute(_STUDY, (study.id,)).fetchone()
        names = [*_STUDY_COUNTS, *(item.name for item in fields(StudyRow))]
        other = _other(names, found, (*study.counts(), *astuple(study.row)))
        other += ["id"] * (study.first != study.id)
        if other:
            yield Contradiction("study", str(uid), tuple(other))

    def _compare_series(self, series: _Series) -> Iterator[Contradiction]:
        uid, *found = self._connection.execute(_SERIES, (series.id,)).fetchone()
        names = [*_OF_INSTANCES, *(item.name for item in fields(SeriesRow))]
        other = _other(names, found, (*series.of_instances(), *astuple(series.row)))
        other += ["id"] * (series.first != series.id)
        if other:
            yield Contradiction("series", str(uid), tuple(other))

    def _expect(self, study: _Study) -> None:
        for key in study.keys:
            self._keys.expect(study.id, (*key, study.row.study_date, 0))
        for series in study.series:
            for key in series.keys:
                self._keys.expect(study.id, (*key, study.row.study_date, series.id))
        name = study.row.folded_patient_name
        for place in range(len(name) - _TRIGRAM + 1):
            self._names.expect(study.id, (name[place : place + _TRIGRAM], place))

    def _compare_keys(self) -> Iterator[Contradiction]:
        for code, value, date, study_id, series_id in self._connection.execute(
            "SELECT code, value, study_date, study_id, series_id FROM study_key"
        ):
            self._keys.find(study_id, (code, value, date, series_id))
        yield from self._unequal(self._keys, "study_key")

    def _compare_names(self) -> Iterator[Contradiction]:
        self._connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.name_part "
            "USING fts5vocab('main', 'patient_name_text', 'instance')"
        )
        parts = self._connection.execute('SELECT doc, term, "offset" FROM temp.name_part')
        for study_id, term, place in parts:
            self._names.find(study_id, (term, place))
        yield from self._unequal(self._names, "patient_name_text")

    def _unequal(self, sums: Sums, table: str) -> Iterator[Contradiction]:
        for study_id in sums.unequal():
            (uid,) = self._connection.execute(
                "SELECT study_instance_uid FROM study WHERE id = ?", (study_id,)
            ).fetchone()
            yield Contradiction("study", str(uid), (table,))
        if sums.strangers:
            yield Contradiction("study", None, (table,))


def _study_of(study_id: int, rows: Iterable[_Row]) -> _Study:
    study = _Study(study_id)
    for series_id, group in itertools.groupby(rows, lambda row: row.series_id):
        if series_id is not None:
            study.series.append(_series_of(series_id, group, study))
    return study


def _series_of(series_id: int, rows: Iterable[_Row], study: _Study) -> _Series:
    series = _Series(series_id)
    for row in rows:
        if row.instance_id is None:
            continue
        attributes = _attributes(row.text)
        if series.first is None:
            series.first = row.instance_id
            series.row = SeriesRow.of(picked(attributes, SERIES_ATTRIBUTES))
        if study.first is None or row.instance_id < study.first:
            of_study = picked(attributes, STUDY_ATTRIBUTES)
            study.first, study.row = row.instance_id, StudyRow.of(of_study)
            study.keys = study_keys(of_study)
        series.add(series_keys(attributes, row.transfer_syntax_uid))
    return series


def _attributes(text: Any) -> dict[str, object]:
    """Return attributes, none where they are damaged: that is told of the instance."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _other(names: Iterable[str], found: Iterable[object], expected: Iterable[object]) -> list[str]:
    each = zip(names, found, expected, strict=True)
    return [name for name, one, other in each if one != other]
