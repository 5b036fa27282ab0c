# SPDX-License-Identifier: Apache-2.0
"""DICOM slides for the contract that all readers keep."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import build_dicom
import numpy as np
import slides


def _pyramid(coded: str, folder: Path) -> Path:
    return build_dicom.write_series(folder / "series", coded)


def _sparse(folder: Path) -> Path:
    pixels = slides.picture(96, 64)
    coded = build_dicom.CODED["jpeg"]
    tiles = build_dicom.tiles_of(pixels, 32)
    places = [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1)]
    found = build_dicom.dataset((96, 64), 32, pixels, coded)
    found.DimensionOrganizationType = "TILED_SPARSE"
    found.PerFrameFunctionalGroupsSequence = [
        build_dicom.position(column * 32, row * 32) for column, row in reversed(places)
    ]
    frames = [coded.encode(tiles[row * 3 + column]) for column, row in reversed(places)]
    return build_dicom.write(folder / "sparse.dcm", found, frames)


def _grey_stack(folder: Path) -> Path:
    """Two paths of three planes of 16 bits."""
    pixels = slides.picture(80, 50)[..., :1].astype(np.uint16) * 257
    found = build_dicom.dataset((80, 50), 32, pixels, build_dicom.CODED["native"])
    found.NumberOfOpticalPaths, found.TotalPixelMatrixFocalPlanes = 2, 3
    found.OpticalPathSequence = [
        build_dicom.item(OpticalPathIdentifier=name) for name in ("DAPI", "FITC")
    ]
    frames = [build_dicom.plain(tile) for tile in build_dicom.tiles_of(pixels, 32)]
    return build_dicom.write(folder / "stack.dcm", found, frames * 6)


CASES: dict[str, Callable[[Path], Path]] = {
    **{f"DICOM {coded}": partial(_pyramid, coded) for coded in build_dicom.CODED},
    "DICOM sparse": _sparse,
    "DICOM grey stack": _grey_stack,
}
