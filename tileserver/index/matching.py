# SPDX-License-Identifier: Apache-2.0
"""The SQL that tells whether a row of a study, series or instance matches.

Columns that have an index stand behind a plus sign, so that it is the planner, and not SQLite,
that chooses where a search begins.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from tileserver.index import keys
from tileserver.index.search import (
    Between,
    Condition,
    Empty,
    Level,
    Match,
    Name,
    Number,
    OneOf,
    Pattern,
    Words,
)
from tileserver.index.sql import Sql, all_of, any_of, marks
from tileserver.index.tags import (
    ACCESSION_NUMBER,
    AVAILABLE_TRANSFER_SYNTAX_UID,
    MODALITIES_IN_STUDY,
    MODALITY,
    PATIENT_ID,
    PATIENT_NAME,
    SERIES_UID,
    SOP_CLASS_UID,
    SOP_UID,
    STUDY_DATE,
    STUDY_UID,
    TRANSFER_SYNTAX_UID,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COLUMNS: dict[tuple[str, ...], str] = {
    (STUDY_UID,): "+study.study_instance_uid",
    (STUDY_DATE,): "+study.study_date",
    (PATIENT_ID,): "study.patient_id",
    (PATIENT_NAME,): "study.folded_patient_name",
    (ACCESSION_NUMBER,): "study.accession_number",
    (SERIES_UID,): "+series.series_instance_uid",
    (MODALITY,): "series.modality",
    (SOP_UID,): "+instance.sop_instance_uid",
    (SOP_CLASS_UID,): "instance.sop_class_uid",
    (AVAILABLE_TRANSFER_SYNTAX_UID,): "instance.transfer_syntax_uid",
    (TRANSFER_SYNTAX_UID,): "instance.transfer_syntax_uid",
}
_TABLES = ("study", "series", "instance")
_BEHIND_DIGITS = ":"


def key_code(path: tuple[str, ...]) -> int | None:
    """Return the code of the key that an attribute is found by."""
    if path == (MODALITIES_IN_STUDY,):
        return keys.MODALITY_CODE
    if path in ((AVAILABLE_TRANSFER_SYNTAX_UID,), (TRANSFER_SYNTAX_UID,)):
        return keys.TRANSFER_SYNTAX_CODE
    return keys.STUDY_CODES.get(path) or keys.SERIES_CODES.get(path)


def is_found_by_key(condition: Condition, level: Level) -> bool:
    """Tell whether it is by keys alone that rows of a level match.

    So it is for the modalities of a study, and for what belongs to a lower level.
    """
    return condition.path == (MODALITIES_IN_STUDY,) or condition.level > level


def filters(conditions: Sequence[Condition], level: Level) -> tuple[Sql, frozenset[Level]]:
    """Return what rows have to fulfil, and the levels whose tables that needs."""
    by_key = [item for item in conditions if is_found_by_key(item, level)]
    others = [item for item in conditions if not is_found_by_key(item, level)]
    parts = [_by_key(item, level) for item in by_key]
    parts += [part for of_level in Level for part in _of_level(others, of_level)]
    needed = {item.level for item in others}
    if by_key:
        needed |= {Level.STUDY}
    if not all(_is_of_study(item, level) for item in by_key):
        needed |= {Level.SERIES}
    return all_of(parts), frozenset(needed)


def _is_of_study(condition: Condition, level: Level) -> bool:
    return level is Level.STUDY or condition.level is Level.STUDY


def _by_key(condition: Condition, level: Level) -> Sql:
    """Match a series, or else a study, by the keys of what it has."""
    is_of_study = _is_of_study(condition, level)
    column, table = ("study_id", "study") if is_of_study else ("series_id", "series")
    text, values = any_of(key_clause(condition))
    if all(isinstance(item, OneOf) for item in condition.match):
        place = "k.study_date = study.study_date AND k.study_id = study.id"
        place += "" if is_of_study else " AND k.series_id = series.id"
        return Sql(f"EXISTS (SELECT 1 FROM study_key AS k WHERE {text} AND {place})", values)  # noqa: S608 - names of our own
    return Sql(
        f"{table}.id IN (SELECT {column} FROM study_key AS k WHERE {text})",  # noqa: S608
        values,
    )


def key_clause(condition: Condition) -> list[Sql]:
    """Return, for each match of a condition, what a row of keys has to fulfil."""
    code = key_code(condition.path)
    return [
        Sql(f"k.code = ? AND {text}", (code, *values))
        for text, values in (value_clause(item) for item in condition.match)
    ]


def value_clause(match: Match) -> Sql:
    """Return what the value of a key has to fulfil."""
    if isinstance(match, OneOf):
        cut = tuple(value[: keys.LONGEST_VALUE] for value in match.values)
        return Sql("k.value = ?" if len(cut) == 1 else f"k.value IN ({marks(len(cut))})", cut)
    if isinstance(match, Words):
        return begins(max(match.text.split(), key=len))
    text = match.pattern if isinstance(match, Name) else getattr(match, "text", "*")
    begin = fixed_begin(text)
    if begin == text:
        return Sql("k.value = ?", (text[: keys.LONGEST_VALUE],))
    return all_of([begins(begin), Sql("k.value GLOB ?", (glob(text),))])


def begins(text: str) -> Sql:
    """Return what holds for values of keys that begin with a text."""
    text = text[: keys.LONGEST_VALUE]
    if not text:
        return Sql("1")
    return Sql("k.value >= ? AND k.value < ?", (text, text + "\U0010ffff"))


def fixed_begin(pattern: str) -> str:
    """Return what stands before the first wildcard."""
    return pattern.replace("?", "*").partition("*")[0]


def glob(text: str) -> str:
    """Return an SQLite pattern: its wildcards are DICOM's, but for a bracket."""
    return text.replace("[", "[[]")


def column_clause(condition: Condition) -> Sql:
    """Return what the column of an attribute has to fulfil."""
    return _value(COLUMNS[condition.path], condition.match)


def _of_level(conditions: Sequence[Condition], level: Level) -> Iterator[Sql]:
    mine = [item for item in conditions if item.level is level]
    in_json = [item for item in mine if item.path not in COLUMNS or item.time_path]
    for item in mine:
        if item not in in_json:
            yield column_clause(item)
    if in_json:
        yield from _elements(f"{_TABLES[level]}.attributes", in_json, ())


def of_dataset(source: str, conditions: Sequence[Condition]) -> Sql:
    """Match a dataset in DICOM JSON that belongs to no level, such as a workitem."""
    return all_of(_elements(source, conditions, ()))


def _elements(
    source: str, conditions: Sequence[Condition], above: tuple[str, ...]
) -> Iterator[Sql]:
    """Match attributes of a dataset in DICOM JSON; those in one sequence, in one of its items."""
    depth = len(above)

    def is_leaf(condition: Condition) -> bool:
        return len(condition.path) == depth + 1

    for item in filter(is_leaf, conditions):
        yield _element(source, item, depth)
    deeper = sorted((i for i in conditions if not is_leaf(i)), key=lambda item: item.path)
    for tag, group in groupby(deeper, key=lambda item: item.path[depth]):
        each = f"item{depth}"
        text, values = all_of(_elements(f"{each}.value", list(group), (*above, tag)))
        yield Sql(
            f"EXISTS (SELECT 1 FROM json_each({source}, ?) AS {each} WHERE {text})",  # noqa: S608
            (_values_of(tag), *values),
        )


def _element(source: str, condition: Condition, depth: int) -> Sql:
    """Match any value of an attribute."""
    tag = condition.path[-1]
    if condition.time_path is not None:
        text, values = _value("joined.value", condition.match)
        parts = " || ".join([f"coalesce(json_extract({source}, ?), '')"] * 2)
        paths = tuple(f"{_values_of(each)}[0]" for each in (tag, condition.time_path[-1]))
        return Sql(
            f"EXISTS (SELECT 1 FROM (SELECT {parts} AS value) AS joined WHERE {text})",  # noqa: S608
            (*paths, *values),
        )
    if any(isinstance(item, Empty) for item in condition.match):
        return Sql(
            f"NOT EXISTS (SELECT 1 FROM json_each({source}, ?) AS value{depth} "  # noqa: S608
            f"WHERE value{depth}.value <> '')",
            (_values_of(tag),),
        )
    value = f"value{depth}.value"
    if any(isinstance(item, (Name, Words)) for item in condition.match):
        value = f"folded_name({value})"
    text, values = _value(value, condition.match)
    return Sql(
        f"EXISTS (SELECT 1 FROM json_each({source}, ?) AS value{depth} WHERE {text})",  # noqa: S608
        (_values_of(tag), *values),
    )


def _values_of(tag: str) -> str:
    return f'$."{tag}".Value'


def _value(source: str, match: Sequence[Match]) -> Sql:
    return any_of(_one(source, item) for item in match)


def _one(source: str, match: Match) -> Sql:  # noqa: PLR0911 - a table of kinds
    match match:
        case OneOf(values):
            return Sql(f"{source} IN ({marks(len(values))})", values)
        case Pattern(text):
            return Sql(f"{source} GLOB ?", (glob(text),))
        case Between(begin, end, is_moment):
            return between(f"moment({source})" if is_moment else source, begin, end)
        case Number(value):
            return Sql(f"CAST({source} AS REAL) = ?", (value,))
        case Name(pattern):
            return _name(source, pattern)
        case Words(text):
            return Sql(f"has_words({source}, ?)", (text,))
        case Empty():
            return Sql(f"{source} = ''")


def _name(source: str, pattern: str) -> Sql:
    """Match a name, by what SQLite can do alone wherever that is enough."""
    exact = Sql(f"is_name({source}, ?)", (pattern,))
    if "=" in pattern:
        return exact
    begin, end = ("" if pattern[:1] == "*" else "*="), ("" if pattern[-1:] == "*" else "=*")
    quick = Sql(f"('=' || {source} || '=') GLOB ?", (f"{begin}{glob(pattern)}{end}",))
    # A wildcard can reach over the border of two component groups.
    return all_of([quick, exact]) if "?" in pattern or "*" in pattern.strip("*") else quick


def between(source: str, begin: str, end: str) -> Sql:
    """Match from and to, both included; a shorter bound means all that begins with it."""
    parts = [Sql(f"{source} >= ?", (begin,)) if begin else Sql(f"{source} > ''")]
    if end:
        parts.append(Sql(f"{source} < ?", (end + _BEHIND_DIGITS,)))
    return all_of(parts)
