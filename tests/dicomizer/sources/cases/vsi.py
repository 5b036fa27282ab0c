# SPDX-License-Identifier: Apache-2.0
"""Olympus VSI for the contract test of all readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import build_vsi


def _brightfield(folder: Path) -> Path:
    path = folder / "brightfield.vsi"
    overview = build_vsi.brightfield(number=2, name="Overview", kind=1, size=(150, 90))
    build_vsi.write_vsi(path, [build_vsi.brightfield(), overview])
    return path


def _sparse(folder: Path) -> Path:
    path = folder / "sparse.vsi"
    image = build_vsi.brightfield()
    del image.tiles[1, 1, 0]
    build_vsi.write_vsi(path, [image])
    return path


def _fluorescence(folder: Path) -> Path:
    path = folder / "fluorescence.vsi"
    build_vsi.write_vsi(path, [build_vsi.fluorescence()])
    return path


CASES: dict[str, Callable[[Path], Path]] = {
    "JPEG with an overview": _brightfield,
    "a tile missing": _sparse,
    "JPEG 2000 in planes and paths": _fluorescence,
}
