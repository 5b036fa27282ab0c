# SPDX-License-Identifier: Apache-2.0
"""Single values of a dataset, read without trust in how they are written."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items

from dicomizer.dicom.metadata import Code
from dicomizer.dicom.schema.limits import fitting
from dicomizer.dicom.uids import is_uid

if TYPE_CHECKING:
    from collections.abc import Sequence


def values(dataset: Dataset, keyword: str) -> list[object]:
    """Return all values of an attribute; none where it is absent or empty."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, MultiValue | list | tuple) else [value]


def texts(dataset: Dataset, keyword: str, representation: str = "LO") -> list[str]:
    """Return all values of an attribute as texts that can be written again."""
    found = (fitting(str(value), representation) for value in values(dataset, keyword))
    return [value for value in found if value]


def text(dataset: Dataset, keyword: str, representation: str = "LO") -> str | None:
    """Return the first value of an attribute as a text; ``None`` where there is none."""
    return next(iter(texts(dataset, keyword, representation)), None)


def lines(dataset: Dataset, keyword: str, longest: int = 1 << 20) -> str | None:
    """Return a text of several lines; ``None`` where there is none."""
    found = str(dataset.get(keyword) or "")[:longest]
    clean = "".join(c for c in found if c.isprintable() or c in "\t\n\f\r")
    return clean.strip() or None


def name(dataset: Dataset, keyword: str) -> str | None:
    """Return the first of the persons' names, with all its component groups."""
    return next(iter(names(dataset, keyword)), None)


def names(dataset: Dataset, keyword: str) -> list[str]:
    """Return the names of persons."""
    found = (_person(str(value)) for value in values(dataset, keyword))
    return [value for value in found if value]


def _person(value: str) -> str:
    groups = value.split("=")[:3]
    components = ["^".join(fitting(group, "PN").split("^")[:5]) for group in groups]
    return "=".join(components).rstrip("=")


def uid(dataset: Dataset, keyword: str) -> str | None:
    """Return a UID; ``None`` for what is none."""
    value = text(dataset, keyword)
    return value if value and is_uid(value) else None


def numbers(dataset: Dataset, keyword: str) -> list[float]:
    """Return the values of a numeric attribute; none at all where one is no finite number."""
    try:
        found = [float(str(value)) for value in values(dataset, keyword)]
    except ValueError:
        return []
    return found if all(map(math.isfinite, found)) else []


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first value of a numeric attribute."""
    return next(iter(numbers(dataset, keyword)), None)


def whole(dataset: Dataset, keyword: str) -> int | None:
    """Return the first value of an attribute as a whole number."""
    value = number(dataset, keyword)
    return int(value) if value is not None and value.is_integer() else None


def items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    """Return the items of a sequence."""
    value = dataset.get(keyword)
    return value if isinstance(value, Items) else ()


def first(dataset: Dataset, keyword: str) -> Dataset:
    """Return the first item of a sequence, or one without attributes."""
    return next(iter(items(dataset, keyword)), Dataset())


def code(dataset: Dataset, keyword: str) -> Code | None:
    """Return the first code of a code sequence (PS3.3 8.8)."""
    return code_of(first(dataset, keyword))


def code_of(item: Dataset) -> Code | None:
    """Return the code of an item of a code sequence."""
    value = text(item, "CodeValue", "SH") or text(item, "LongCodeValue", "UC")
    scheme = text(item, "CodingSchemeDesignator", "SH")
    if value is None or scheme is None:
        return None
    return Code(value, scheme, text(item, "CodeMeaning") or value)


def issuer(dataset: Dataset, keyword: str) -> str | None:
    """Return who assigned an identifier (PS3.3 10.14), by a local name or else universally."""
    item = first(dataset, keyword)
    return text(item, "LocalNamespaceEntityID", "UT") or text(item, "UniversalEntityID", "UT")
