# SPDX-License-Identifier: Apache-2.0
"""NDPI for the contract test of all readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import build_ndpi


def _brightfield(folder: Path) -> Path:
    return build_ndpi.write_brightfield(folder / "brightfield.ndpi")


def _subsampled(folder: Path) -> Path:
    return build_ndpi.write_brightfield(folder / "subsampled.ndpi", subsampling="4:2:0")


def _stack(folder: Path) -> Path:
    return build_ndpi.write_stack(folder / "stack.ndpi")


def _fluorescence(folder: Path) -> Path:
    return build_ndpi.write_fluorescence(folder / "fluorescence.ndpi")


CASES: dict[str, Callable[[Path], Path]] = {
    "brightfield": _brightfield,
    "brightfield, 4:2:0": _subsampled,
    "focal planes": _stack,
    "fluorescence": _fluorescence,
}
