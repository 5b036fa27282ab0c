# SPDX-License-Identifier: Apache-2.0
"""Philips TIFF for the contract test of all readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import build_philips
import slides


def _dense(folder: Path) -> Path:
    return build_philips.write_philips(folder / "dense.tiff").path


def _sparse(folder: Path) -> Path:
    return build_philips.write_philips(folder / "sparse.tiff", missing=frozenset({0, 7, 19})).path


def _embedded(folder: Path) -> Path:
    return build_philips.write_philips(
        folder / "embedded.tiff",
        label=slides.encoded(slides.picture(50, 40), "ycbcr420"),
        macro=slides.encoded(slides.picture(120, 50), "rgb"),
    ).path


CASES: dict[str, Callable[[Path], Path]] = {
    "dense": _dense,
    "sparse": _sparse,
    "label and macro in the XML": _embedded,
}
