# SPDX-License-Identifier: Apache-2.0
"""Leica SCN for the contract test of all readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import build_scn


def _brightfield(folder: Path) -> Path:
    path = folder / "brightfield.scn"
    build_scn.write_scn(path, label=True)
    return path


def _two_scans(folder: Path) -> Path:
    path = folder / "two.scn"
    second = build_scn.brightfield("second", y=40_000_000)
    build_scn.write_scn(path, (build_scn.MACRO, build_scn.brightfield(), second))
    return path


def _fluorescence(folder: Path) -> Path:
    path = folder / "fluorescence.scn"
    build_scn.write_scn(path, (build_scn.MACRO, build_scn.fluorescence()))
    return path


CASES: dict[str, Callable[[Path], Path]] = {
    "brightfield": _brightfield,
    "two scans": _two_scans,
    "fluorescence in planes": _fluorescence,
}
