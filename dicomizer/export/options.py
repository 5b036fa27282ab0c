# SPDX-License-Identifier: Apache-2.0
"""What a user may ask of an export, and what one has written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class ExportCodec(Enum):
    """How the pixels of an export are coded."""

    KEEP = "keep"
    """As they are stored; without loss where the format does not know that coding."""
    JPEG = "jpeg"
    JPEG_2000 = "jpeg2000"
    """Without loss, unless a quality is given."""
    DEFLATE = "deflate"
    """Without loss: Deflate in TIFF, PNG in Deep Zoom."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What a user may ask of an export.

    Parameters
    ----------
    region
        In pixels of the finest level of the scan, whatever level is written.
    level
        Index of the stored level that is the finest written.
    mpp
        Micrometres per pixel: of a stored level, or of a picture resampled to it.
    scan, optical_path, plane
        Counted from 1; ``None`` for all, which only OME-TIFF has room for.
    quality
        1 to 100 of what is coded anew; ``None`` for the default.
    overwrite
        Whether a file of that name may be replaced.
    threads
        That decode and encode; ``None`` for one for each core.
    """

    region: Box | None = None
    level: int | None = None
    mpp: float | None = None
    scan: int | None = None
    optical_path: int | None = None
    plane: int | None = None
    codec: ExportCodec = ExportCodec.KEEP
    quality: int | None = None
    overwrite: bool = False
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """What an export has written.

    Parameters
    ----------
    path
        The file, or the folder of frames.
    notes
        What was coded anew or left out, each a sentence for the user.
    """

    path: Path
    files: int
    file_bytes: int
    notes: tuple[str, ...] = ()
