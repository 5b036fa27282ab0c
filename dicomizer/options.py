# SPDX-License-Identifier: Apache-2.0
"""What a user may ask of a conversion."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import SlideMetadata
from dicomizer.pixels.codecs.codec import Codec

if TYPE_CHECKING:
    from dicomizer.slide import SizePx, SpacingMm


class Levels(Enum):
    """Which levels of the pyramid are written."""

    STORED = "stored"
    """Those in the file."""
    DYADIC = "dyadic"
    """Every halving of the finest, down to one frame; stored ones where they are such."""
    ALL = "all"
    """Both."""


class UidChoice(Enum):
    """Which UIDs a conversion gives."""

    RANDOM = "random"
    STABLE = "stable"


class OnBadTile(Enum):
    """What becomes of a tile that cannot be read or decoded."""

    FAIL = "fail"
    """Nothing is converted."""
    BLANK = "blank"
    """Background is in its place."""
    RESAMPLE = "resample"
    """The next coarser stored level is, enlarged; background where there is none."""


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """What a user may ask of a conversion.

    Parameters
    ----------
    metadata
        Told by the user; goes over what the slide file tells.
    spacing
        Of level 0; goes over what the slide file tells.
    magnification
        Of the objective, from which the spacing is estimated where nobody tells it.
    label
        Whether the images that may show the label, and with it a patient's name, are written.
    overwrite
        Whether files in the target folder may be replaced.
    levels
        ``None`` for the stored ones; but for halvings where a file has a single level, without
        compression or in one that DICOM does not know.
    codec
        How frames are coded.
    quality
        1 to 100 for lossy coding; ``None`` for a codec's default, lossless where it can be.
    tile_size
        Of the frames; ``None`` for that of the file.
    max_instance_bytes
        Larger instances are divided into concatenations.
    fill_missing
        Whether frames that the slide does not hold are written as background, white or in
        fluorescence black, so that every reader finds a complete tiling.
    dual
        Whether every file is a TIFF as well. A TIFF tells one chroma subsampling for all tiles,
        which filled ones need not have, so that the command line refuses both together.
    on_bad_tile
        Unless they shall fail, all tiles are decoded to see whether they can be.
    uids
        Whether they are new, or the same again for the same slide, options and key.
    uid_key
        Whoever does not know it cannot tell from stable UIDs which slide they belong to.
    threads
        That decode and encode; ``None`` for one for each core.
    """

    metadata: SlideMetadata = field(default_factory=SlideMetadata)
    spacing: SpacingMm | None = None
    magnification: float | None = None
    label: bool = True
    overwrite: bool = False
    levels: Levels | None = None
    codec: Codec = Codec.KEEP
    quality: int | None = None
    tile_size: SizePx | None = None
    max_instance_bytes: int | None = None
    fill_missing: bool = False
    dual: bool = False
    on_bad_tile: OnBadTile = OnBadTile.FAIL
    uids: UidChoice = UidChoice.RANDOM
    uid_key: str | None = field(default=None, repr=False)
    threads: int | None = None
