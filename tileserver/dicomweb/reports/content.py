# SPDX-License-Identifier: Apache-2.0
"""The content tree of a structured report, out of stored DICOM JSON, read tolerantly.

References
----------
PS3.3 C.17.3 (SR Document Content), C.18 (content item macros), C.17.2 (SR Document General)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tileserver.pictures import words
from tileserver.services.render import attributes as read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tileserver.services.render.attributes import Attributes

_MOST_POINTS = 64
"""Coordinates of a region that are written out; of more, how many they are."""
_STATES = (("Completion", "CompletionFlag"), ("Verification", "VerificationFlag"))


@dataclass(frozen=True, slots=True)
class Entry:
    """A content item.

    Parameters
    ----------
    name
        Meaning of its concept; empty where it has none.
    value
        In words; empty for a container.
    """

    name: str
    value: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    Parameters
    ----------
    facts
        Names and values of what stands above the content: patient, study, state.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]


def read_report(attributes: Attributes) -> Report | None:
    """Return the report of an instance, ``None`` where it is none.

    Key Object Selections are reports, too (PS3.18 8.7.2).

    Parameters
    ----------
    attributes
        Of the instance, as DICOM JSON.
    """
    if read.text(attributes, "ValueType") != "CONTAINER":
        return None
    date = [read.text(attributes, name) for name in ("ContentDate", "ContentTime")]
    facts = [
        *words.patient_words(attributes),
        *words.study_words(attributes),
        ("Content of", " ".join(filter(None, date))),
        *((name, read.text(attributes, keyword) or "") for name, keyword in _STATES),
        *(("Verified by", value) for value in _verifiers(attributes)),
    ]
    return Report(
        _meaning(attributes, "ConceptNameCodeSequence") or "Report",
        tuple((name, value) for name, value in facts if value),
        _entries(attributes),
    )


def _verifiers(attributes: Attributes) -> Iterator[str]:
    for item in read.items(attributes, "VerifyingObserverSequence"):
        told = (
            words.first_text(item, read.tag("VerifyingObserverName")),
            read.text(item, "VerifyingOrganization"),
            read.text(item, "VerificationDateTime"),
        )
        yield ", ".join(filter(None, told))


def _entries(attributes: Attributes) -> tuple[Entry, ...]:
    return tuple(_entry(item) for item in read.items(attributes, "ContentSequence"))


def _entry(item: Attributes) -> Entry:
    reader = _VALUES.get(read.text(item, "ValueType") or "", _by_reference)
    return Entry(_meaning(item, "ConceptNameCodeSequence"), reader(item), _entries(item))


def _meaning(item: Attributes, keyword: str) -> str:
    """Return what a code means, or the code itself where it does not tell."""
    code = read.first(item, keyword)
    names = ("CodeMeaning", "CodeValue", "LongCodeValue", "URNCodeValue")
    return next(filter(None, (read.text(code, name) for name in names)), "")


def _text(keyword: str) -> Callable[[Attributes], str]:
    return lambda item: read.text(item, keyword) or ""


def _number(item: Attributes) -> str:
    measured = read.first(item, "MeasuredValueSequence")
    values = read.values(measured, "NumericValue")
    if not values:
        return _meaning(item, "NumericValueQualifierCodeSequence")
    unit = _meaning(measured, "MeasurementUnitsCodeSequence")
    return " ".join(filter(None, (str(values[0]), unit)))


def _references(item: Attributes) -> str:
    return "; ".join(map(_reference, read.items(item, "ReferencedSOPSequence")))


def _reference(item: Attributes) -> str:
    told = [read.text(item, "ReferencedSOPInstanceUID") or ""]
    for name, keyword in (
        ("frames", "ReferencedFrameNumber"),
        ("segments", "ReferencedSegmentNumber"),
    ):
        numbers = _listed(read.values(item, keyword))
        told += [f"{name} {numbers}"] if numbers else []
    return ", ".join(filter(None, told))


def _graphic(item: Attributes) -> str:
    numbers = read.numbers(item, "GraphicData")
    size = 3 if read.text(item, "ValueType") == "SCOORD3D" else 2
    points = [" ".join(f"{n:g}" for n in numbers[at : at + size])
              for at in range(0, min(len(numbers), _MOST_POINTS * size), size)]  # fmt: skip
    count = len(numbers) // size
    more = f"; … ({count} points)" * (count > _MOST_POINTS)
    return f"{read.text(item, 'GraphicType') or ''} {'; '.join(points)}{more}".strip()


def _range(item: Attributes) -> str:
    keywords = (
        "ReferencedSamplePositions",
        "ReferencedTimeOffsets",
        "ReferencedDateTime",
    )
    found = next(filter(None, (read.values(item, keyword) for keyword in keywords)), [])
    return f"{read.text(item, 'TemporalRangeType') or ''} {_listed(found)}".strip()


def _by_reference(item: Attributes) -> str:
    """Return where in the tree the item is that stands for this one (PS3.3 C.17.3.2.5)."""
    found = read.values(item, "ReferencedContentItemIdentifier")
    return f"see item {'.'.join(map(str, found))}" if found else ""


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


_VALUES: dict[str, Callable[[Attributes], str]] = {
    "CONTAINER": lambda _: "",
    "TEXT": _text("TextValue"),
    "CODE": lambda item: _meaning(item, "ConceptCodeSequence"),
    "NUM": _number,
    "DATETIME": _text("DateTime"),
    "DATE": _text("Date"),
    "TIME": _text("Time"),
    "UIDREF": _text("UID"),
    "PNAME": lambda item: words.first_text(item, read.tag("PersonName")),
    "COMPOSITE": _references,
    "IMAGE": _references,
    "WAVEFORM": _references,
    "SCOORD": _graphic,
    "SCOORD3D": _graphic,
    "TCOORD": _range,
}
