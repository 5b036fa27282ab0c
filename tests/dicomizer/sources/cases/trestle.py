# SPDX-License-Identifier: Apache-2.0
"""Trestle for the contract test of all readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import build_trestle
import slides


def _overlapping(folder: Path) -> Path:
    overview = slides.encoded(slides.picture(120, 50), "ycbcr420")
    return build_trestle.write_trestle(folder / "overlapping.tif", overview=overview).path


def _plain(folder: Path) -> Path:
    overlaps = ((0, 0), (0, 0))
    return build_trestle.write_trestle(folder / "plain.tif", overlaps=overlaps).path


CASES: dict[str, Callable[[Path], Path]] = {
    "Trestle with overlaps": _overlapping,
    "Trestle without overlaps": _plain,
}
