# SPDX-License-Identifier: Apache-2.0
"""Numbers in the attributes of Ventana's XML."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element


def positive(text: str | None) -> float | None:
    """Return a positive number, or ``None`` for all else."""
    value = _number(text)
    return value if value is not None and value > 0 else None


def number(element: Element, name: str, file: Path) -> float:
    """Return an attribute that must be a number.

    Raises
    ------
    CorruptSourceError
        It is absent or no number.
    """
    value = _number(element.get(name))
    if value is None:
        raise CorruptSourceError(
            f"{element.tag} has {name} {element.get(name)!r}, expected a number",
            file=file,
            place="XMP",
            remedy="the file is damaged; copy it again",
        )
    return value


def whole(element: Element, name: str, file: Path) -> int:
    """Return an attribute that must be a whole number; some scanners write it as 12.000.

    Raises
    ------
    CorruptSourceError
        As for `number`.
    """
    return int(number(element, name, file))


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
