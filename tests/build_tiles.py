# SPDX-License-Identifier: Apache-2.0
"""Stored slides cut from known pictures, without loss, for tests of rendering."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import instances
import numpy as np
from pydicom.dataset import Dataset

from tileserver.index import StoredInstance
from tileserver.services import Services

TILE = instances.SIZE
STUDY, SERIES = "1.2.9.1", "1.2.9.1.1"


def picture(columns: int = 70, rows: int = 50) -> np.ndarray:
    """Return RGB that is nowhere the same when turned or mirrored, and smooth."""
    across, down = np.arange(columns)[None, :], np.arange(rows)[:, None]
    red = across * 255 // max(columns - 1, 1) + 0 * down
    green = down * 255 // max(rows - 1, 1) + 0 * across
    blue = (128 + 100 * np.sin(across / 9) * np.cos(down / 7)).astype(int)
    return np.stack([red, green, blue], axis=2).astype(np.uint8)


def tiles(pixels: np.ndarray) -> list[np.ndarray]:
    """Cut a picture into full tiles, row by row; beyond the picture they are black."""
    rows, columns = (-(-size // TILE) for size in pixels.shape[:2])
    padded = np.zeros((rows * TILE, columns * TILE, pixels.shape[2]), pixels.dtype)
    padded[: pixels.shape[0], : pixels.shape[1]] = pixels
    return [
        padded[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        for row in range(rows)
        for column in range(columns)
    ]


def instance(pixels: np.ndarray, frames: Sequence[np.ndarray] | None = None, **changes: Any) -> Any:
    """Return a slide of full tiling; ``frames`` stand for the tiles of the picture."""
    cut = tiles(pixels) if frames is None else frames
    stored = b"".join(frame.tobytes() for frame in cut)
    found = instances.native(stored + b"\0" * (len(stored) % 2), len(cut))
    grey = pixels.shape[2] == 1
    found.StudyInstanceUID, found.SeriesInstanceUID = STUDY, SERIES
    found.FrameOfReferenceUID = "1.2.9.7"
    found.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    found.DimensionOrganizationType = "TILED_FULL"
    found.SamplesPerPixel = pixels.shape[2]
    found.PhotometricInterpretation = "MONOCHROME2" if grey else "RGB"
    if grey:
        del found.PlanarConfiguration
    found.BitsAllocated = found.BitsStored = 8 * pixels.itemsize
    found.HighBit = 8 * pixels.itemsize - 1
    found.TotalPixelMatrixRows, found.TotalPixelMatrixColumns = pixels.shape[:2]
    for keyword, value in changes.items():
        setattr(found, keyword, value)
    return found


def groups(column: int, row: int, z_mm: float | None = None, path: str | None = None) -> Dataset:
    """Return the functional groups of a sparse frame; positions are counted from 1."""
    plane = instances.item(
        ColumnPositionInTotalImagePixelMatrix=column, RowPositionInTotalImagePixelMatrix=row
    )
    if z_mm is not None:
        plane.ZOffsetInSlideCoordinateSystem = z_mm
    found = instances.item(PlanePositionSlideSequence=[plane])
    if path is not None:
        found.OpticalPathIdentificationSequence = [instances.item(OpticalPathIdentifier=path)]
    return found


def stored(services: Services, dataset: Any) -> StoredInstance:
    """Store an instance and return it."""
    with io.BytesIO(instances.written(dataset)) as file:
        made = services.ingest.add_file(file)
    return services.retrieve.instance(
        made.study_instance_uid, made.series_instance_uid, made.sop_instance_uid
    )
