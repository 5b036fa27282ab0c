# SPDX-License-Identifier: Apache-2.0
"""Slides that OpenSlide reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import build_mirax
import build_sakura
import build_vms

_ABSENT = frozenset({(column, row) for column in range(8, 12) for row in range(4, 8)})


def _mirax(folder: Path) -> Path:
    path = folder / "sparse.mrxs"
    build_mirax.write_mirax(path, absent=_ABSENT)
    return path


def _vms(folder: Path) -> Path:
    path = folder / "two.vms"
    build_vms.write_vms(path)
    return path


def _sakura(folder: Path) -> Path:
    path = folder / "small.svslide"
    build_sakura.write_sakura(path)
    return path


CASES: dict[str, Callable[[Path], Path]] = {
    "MRXS with an area that was not scanned": _mirax,
    "VMS of two JPEG files": _vms,
    "Sakura": _sakura,
}
