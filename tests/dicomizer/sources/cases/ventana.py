# SPDX-License-Identifier: Apache-2.0
"""Ventana for the contract test of all readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import build_ventana
from build_ventana import Area


def _overlapping(folder: Path) -> Path:
    return build_ventana.write_bif(folder / "overlapping.bif").path


def _two_areas(folder: Path) -> Path:
    areas = (
        Area(columns=3, rows=2, y=400),
        Area(column=4, row=1, columns=2, rows=3, x=1100),
    )
    return build_ventana.write_bif(folder / "two.bif", areas, factors=(1, 2)).path


def _with_a_hole(folder: Path) -> Path:
    return build_ventana.write_bif(folder / "hole.bif", missing=frozenset({7})).path


def _of_the_dp_series(folder: Path) -> Path:
    return build_ventana.write_dp(folder / "dp.bif", is_mirrored=True).path


def _exported(folder: Path) -> Path:
    return build_ventana.write_tif(folder / "exported.tif").path


CASES: dict[str, Callable[[Path], Path]] = {
    "BIF with overlaps": _overlapping,
    "BIF of two areas": _two_areas,
    "BIF with a missing tile": _with_a_hole,
    "BIF of the DP series": _of_the_dp_series,
    "Ventana TIFF": _exported,
}
