# SPDX-License-Identifier: Apache-2.0
"""Zeiss CZI for the contract test of all readers, where pylibCZIrw is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path


def _brightfield(folder: Path) -> Path:
    import build_czi

    path = folder / "brightfield.czi"
    build_czi.brightfield(path, scenes=2)
    return path


def _sparse(folder: Path) -> Path:
    import build_czi

    path = folder / "sparse.czi"
    build_czi.sparse(path)
    return path


def _fluorescence(folder: Path) -> Path:
    import build_czi

    path = folder / "fluorescence.czi"
    build_czi.fluorescence(path)
    return path


CASES: dict[str, Callable[[Path], Path]] = {
    "two scenes": _brightfield,
    "two tiles far apart": _sparse,
    "fluorescence in planes": _fluorescence,
}
if importlib.util.find_spec("pylibCZIrw") is None:
    CASES.clear()
