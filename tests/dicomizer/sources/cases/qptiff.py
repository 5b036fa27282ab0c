# SPDX-License-Identifier: Apache-2.0
"""QPTIFF for the contract test of all readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import build_qptiff
import numpy as np


def _brightfield(folder: Path) -> Path:
    path = folder / "brightfield.qptiff"
    build_qptiff.write_brightfield(path)
    return path


def _fluorescence(folder: Path) -> Path:
    path = folder / "fluorescence.qptiff"
    build_qptiff.write_fluorescence(path)
    return path


def _fluorescence_16(folder: Path) -> Path:
    path = folder / "fluorescence-16.qptiff"
    build_qptiff.write_fluorescence(path, dtype=np.uint16)
    return path


CASES: dict[str, Callable[[Path], Path]] = {
    "brightfield": _brightfield,
    "fluorescence": _fluorescence,
    "fluorescence of 16 bits": _fluorescence_16,
}
