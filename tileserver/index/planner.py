# SPDX-License-Identifier: Apache-2.0
"""Where a search begins: at the index that leaves the fewest rows to look at.

SQLite plans without knowing the values, and so takes a prefix of a thousand patients for better
than a month of studies. Here each way to begin is tried up to a bound, which costs tenths of a
millisecond, and the shortest is taken. Where all are long, matches are frequent, and the studies
are walked from the newest on until the page is full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tileserver.index import keys
from tileserver.index.matching import (
    begins,
    between,
    column_clause,
    fixed_begin,
    key_clause,
    key_code,
    value_clause,
)
from tileserver.index.schema import PATIENT_NAME_TEXT
from tileserver.index.search import (
    Between,
    Condition,
    Level,
    Match,
    Name,
    OneOf,
    Pattern,
    Search,
    Words,
)
from tileserver.index.sql import Sql, all_of, any_of, marks
from tileserver.index.tags import MODALITIES_IN_STUDY, SERIES_UID, SOP_UID, STUDY_DATE, STUDY_UID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_FEW = 2000
"""Rows that are faster sorted than found among all."""
_TRIGRAM = 3
_ANY = Sql("1")


@dataclass(frozen=True, slots=True)
class Start:
    """Where a search begins.

    Parameters
    ----------
    source
        A table, or a selection named ``k`` with the columns of a study's keys.
    grain
        The level whose rows it names.
    where
        What the rows of the source have to fulfil.
    covered
        The conditions that hold for all of them, and need not be tried again.
    agreed
        Those that hold for all instances of a series, where these agree in what they have.
    is_sorted
        Whether they come in the order of answers.
    scanned
        The rows that have to be looked at, where these are more than those of the source.
    """

    source: Sql
    grain: Level
    where: Sql = _ANY
    covered: tuple[Condition, ...] = ()
    agreed: tuple[Condition, ...] = ()
    is_sorted: bool = False
    scanned: Sql | None = None


def choose_start(asked: Search, probe: Callable[[Sql], int]) -> Start:
    """Return where a search begins.

    Parameters
    ----------
    probe
        Returns how many rows a selection has, or the bound that it stops at.
    """
    by_uid = _by_uid(asked.conditions)
    if by_uid is not None:
        return by_uid
    walk = _walk(asked.conditions)
    ways = list(_by_keys(asked)) + ([walk] if walk.where != _ANY else [])
    for way in ways:
        # No row is looked at that is no answer, or there is nothing to choose from.
        if way.is_sorted and (len(ways) == 1 or set(way.covered) == set(asked.conditions)):
            return way
    counted = []
    for way in ways:
        count = probe(_probed(way))
        if count < _FEW // 20:
            return way
        counted.append((count, way))
    few = [(count, number) for number, (count, _) in enumerate(counted) if count < _FEW]
    if few:
        return counted[min(few)[1]][1]
    return next((way for way in ways if way.is_sorted and way is not walk), walk)


def _probed(way: Start) -> Sql:
    text, values = way.scanned or Sql(
        f"{way.source.text} WHERE {way.where.text}", (*way.source.values, *way.where.values)
    )
    return Sql(f"SELECT count(*) FROM (SELECT 1 FROM {text} LIMIT ?)", (*values, _FEW))  # noqa: S608 - names of our own


def _by_uid(conditions: Sequence[Condition]) -> Start | None:
    for tag, column, level in (
        (SOP_UID, "instance.sop_instance_uid", Level.INSTANCE),
        (SERIES_UID, "series.series_instance_uid", Level.SERIES),
        (STUDY_UID, "study.study_instance_uid", Level.STUDY),
    ):
        for item in conditions:
            if item.path == (tag,) and item.level is level and isinstance(item.match[0], OneOf):
                values = item.match[0].values
                where = Sql(f"{column} IN ({marks(len(values))})", values)
                return Start(Sql(column.partition(".")[0]), level, where, (item,))
    return None


def _dated(conditions: Sequence[Condition]) -> list[Condition]:
    return [
        item
        for item in conditions
        if item.path == (STUDY_DATE,)
        and len(item.match) == 1
        and isinstance(item.match[0], Between)
    ]


def _dates(conditions: Sequence[Condition], source: str) -> Sql:
    """Return the range of study dates; that of a time with it is left to the condition itself."""
    return all_of(
        between(source, match.begin[:8], match.end[:8])
        for item in _dated(conditions)
        for match in item.match
        if isinstance(match, Between)
    )


def _covered_dates(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    return tuple(item for item in _dated(conditions) if item.time_path is None)


def _walk(conditions: Sequence[Condition]) -> Start:
    """Begin at the newest study."""
    where = _dates(conditions, "study.study_date")
    return Start(Sql("study"), Level.STUDY, where, _covered_dates(conditions), is_sorted=True)


def _by_keys(asked: Search) -> Iterator[Start]:
    for item in asked.conditions:
        code = key_code(item.path)
        if code is None or item.time_path is not None:
            continue
        start = _by_key(asked, item, code)
        if start is not None:
            yield start
        elif code == keys.PATIENT_NAME_CODE:
            start = _by_text(item)
            if start is not None:
                yield start


def _by_key(asked: Search, item: Condition, code: int) -> Start | None:
    grain = _grain(asked, item)
    if len(item.match) == 1 and _exact(item):
        where = all_of([*key_clause(item), _dates(asked.conditions, "k.study_date")])
        if grain is Level.STUDY and code in _SERIES_CODES:
            where = all_of([where, _ONCE])
        covered, agreed = _told(asked, item, code, is_whole=_is_whole(item))
        return Start(Sql("study_key AS k"), grain, where, covered, agreed, is_sorted=True)
    if not all(_begin(match) for match in item.match):
        return None
    columns = "study_date, study_id" + (", series_id" if grain is Level.SERIES else "")
    parts = [
        all_of([_with_code(part, match), _dates(asked.conditions, "k.study_date")])
        for part, match in zip(key_clause(item), item.match, strict=True)
    ]
    text, values = any_of(parts)
    source = f"(SELECT DISTINCT {columns} FROM study_key AS k WHERE {text}) AS k"  # noqa: S608
    begun, values_begun = any_of(_begun(code, match) for match in item.match)
    covered, agreed = _told(asked, item, code, is_whole=_is_begin(item))
    return Start(
        Sql(source, values),
        grain,
        covered=covered,
        agreed=agreed,
        scanned=Sql(f"study_key AS k WHERE {begun}", values_begun),
    )


_SERIES_CODES = frozenset({*keys.SERIES_CODES.values(), keys.TRANSFER_SYNTAX_CODE})
_ONCE = Sql(
    "k.series_id = (SELECT min(other.series_id) FROM study_key AS other WHERE other.code = k.code "
    "AND other.value = k.value AND other.study_date = k.study_date "
    "AND other.study_id = k.study_id)"
)
"""Takes one of the series of a study that have the same value."""


def _with_code(part: Sql, match: object) -> Sql:
    """Look for the words of names under their own code."""
    if not isinstance(match, Words):
        return part
    return Sql(part.text, (keys.NAME_WORD_CODE, *part.values[1:]))


def _begun(code: int, match: Match) -> Sql:
    """Return what the index is read for: values of a code that begin as they have to."""
    if isinstance(match, OneOf):
        return all_of([Sql("k.code = ?", (code,)), value_clause(match)])
    code = keys.NAME_WORD_CODE if isinstance(match, Words) else code
    begin = max(match.text.split(), key=len) if isinstance(match, Words) else _begin(match)
    return all_of([Sql("k.code = ?", (code,)), begins(begin)])


def _grain(asked: Search, item: Condition) -> Level:
    is_of_study = item.level is Level.STUDY or asked.level is Level.STUDY
    return Level.STUDY if is_of_study else Level.SERIES


def _exact(item: Condition) -> bool:
    match = item.match[0]
    if isinstance(match, OneOf):
        return len(match.values) == 1
    return isinstance(match, Name) and not set(match.pattern) & set("*?=")


def _told(
    asked: Search, item: Condition, code: int, *, is_whole: bool
) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """Return the conditions that hold for all rows with a key, and for all where instances agree.

    Parameters
    ----------
    is_whole
        Whether the key says all that the condition is about.
    """
    dates = _covered_dates(asked.conditions)
    if not is_whole or not (item.level > asked.level or _is_alone(item, asked.conditions)):
        return dates, ()
    is_of_series = code not in _SERIES_CODES or code == keys.MODALITY_CODE
    if asked.level < Level.INSTANCE or is_of_series or item.path == (MODALITIES_IN_STUDY,):
        return (*dates, item), ()
    return dates, (item,)


def _is_alone(item: Condition, conditions: Sequence[Condition]) -> bool:
    """Tell whether no other condition is on the same sequence.

    Those hold for one of its items, and keys do not tell which; but of what belongs to a lower
    level, keys tell all that is looked at.
    """
    others = (each for each in conditions if each is not item)
    return len(item.path) == 1 or all(each.path[0] != item.path[0] for each in others)


def _is_whole(item: Condition) -> bool:
    """Tell whether a value is one that keys do not cut."""
    match = item.match[0]
    text = match.values[0] if isinstance(match, OneOf) else getattr(match, "pattern", "")
    return len(text) < keys.LONGEST_VALUE


def _is_begin(item: Condition) -> bool:
    """Tell whether an attribute has to begin with a text and no more, which its key tells alone."""
    texts = [
        match.pattern if isinstance(match, Name) else match.text
        for match in item.match
        if isinstance(match, (Name, Pattern))
    ]
    return (
        len(texts) == len(item.match)
        and all(f"{fixed_begin(text)}*" == text for text in texts)
        and all(len(text) <= keys.LONGEST_VALUE for text in texts)
    )


def _begin(match: object) -> str:
    """Return what the values of a key have to begin with, at least in part."""
    if isinstance(match, OneOf):
        return match.values[0] if match.values else ""
    if isinstance(match, Words):
        return match.text
    if isinstance(match, Name) and "=" not in match.pattern:
        return fixed_begin(match.pattern)
    return fixed_begin(match.text) if isinstance(match, Pattern) else ""


def _by_text(item: Condition) -> Start | None:
    """Begin at groups of three characters anywhere in the name."""
    if len(item.match) != 1 or not isinstance(item.match[0], Name):
        return None
    pattern = item.match[0].pattern
    pieces = pattern.replace("?", "*").replace("=", "*").split("*")
    long = [piece.replace('"', '""') for piece in pieces if len(piece) >= _TRIGRAM]
    if not long:
        return None
    # Of a single piece with stars around it, the groups say all.
    name = _ANY if pattern == f"*{pieces[1]}*" else column_clause(item)
    source = (
        "(SELECT study.study_date, study.id AS study_id "  # noqa: S608 - a name of our own
        f"FROM {PATIENT_NAME_TEXT} CROSS JOIN study INDEXED BY study_by_id "
        f"ON study.id = {PATIENT_NAME_TEXT}.rowid "
        f"WHERE {PATIENT_NAME_TEXT} MATCH ? AND {name.text}) AS k"
    )
    text = " AND ".join(f'"{piece}"' for piece in long)
    scanned = Sql(f"{PATIENT_NAME_TEXT} WHERE {PATIENT_NAME_TEXT} MATCH ?", (text,))
    return Start(Sql(source, (text, *name.values)), Level.STUDY, covered=(item,), scanned=scanned)
