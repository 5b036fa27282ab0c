# SPDX-License-Identifier: Apache-2.0
"""The values a planner decides on and a pipeline carries out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.dicom.uids import Uids
from dicomizer.pixels.codecs.codec import Codec

if TYPE_CHECKING:
    from dicomizer.dicom.metadata import SlideMetadata
    from dicomizer.dicom.transfer_syntax import TransferSyntax
    from dicomizer.slide import LossyStep, Scan, SlideImage


class Route(Enum):
    """How an instance gets its frames."""

    PASSTHROUGH = "passthrough"
    """As the source yields them: stored scans, never decoded, or pixels kept uncompressed."""
    RECOMPRESS = "recompress"
    """Stored JPEG coefficients, coded anew without loss as JPEG XL; or that undone."""
    TRANSCODE = "transcode"
    """Decoded and coded anew."""
    DERIVE = "derive"
    """Reduced by two from the next finer level, and coded."""


class Tiling(Enum):
    """Dimension Organization Type (PS3.3 C.7.6.17.3)."""

    FULL = "TILED_FULL"
    SPARSE = "TILED_SPARSE"


@dataclass(frozen=True, slots=True)
class InstancePlan:
    """One SOP instance to be written, or several that are one concatenation.

    Parameters
    ----------
    file_name
        Within the target.
    image
        As it will be written: size, tile size, pixel format, planes, paths, missing frames and
        spacing are those of the instance; ``key`` names it to the source unless it is derived.
    scan
        What the image belongs to; for an associated image the first scan of the slide.
    photometric_interpretation
        Of the frames as they will be stored.
    image_type
        The four values of Image Type.
    lossy
        What the pixels went through before they are written, oldest first.
    lossy_method
        Of the coding that the route does, where it loses; its ratio is known only when written.
    icc_profile
        Of the file, or sRGB; ``None`` for grey images.
    max_bytes
        Of one file: larger ones become a concatenation. ``None`` for no limit.
    dual
        Whether the file is a TIFF as well.
    source
        The stored image that is decoded, or from which the first of a chain of levels is derived;
        ``None`` where ``image`` itself is.
    halvings
        How often the pixels of ``source`` are reduced by two.
    codec, quality
        Of the coding that the route does.
    """

    file_name: str
    image: SlideImage
    scan: Scan
    route: Route
    tiling: Tiling
    transfer_syntax: TransferSyntax
    photometric_interpretation: str
    image_type: tuple[str, str, str, str]
    sop_instance_uid: str
    series_uid: str
    pyramid_uid: str
    instance_number: int
    lossy: tuple[LossyStep, ...]
    lossy_method: str | None
    icc_profile: bytes | None = field(repr=False)
    max_bytes: int | None = None
    dual: bool = False
    source: SlideImage | None = None
    halvings: int = 0
    codec: Codec = Codec.KEEP
    quality: int | None = None

    @property
    def frame_indices(self) -> tuple[int, ...] | range:
        """Frames that are written, in order; a sparse instance leaves out missing ones."""
        every = range(self.image.number_of_frames)
        if self.tiling is Tiling.FULL:
            return every
        return tuple(index for index in every if index not in self.image.missing)

    @property
    def number_of_frames(self) -> int:
        """Frames that are written."""
        missing = len(self.image.missing) if self.tiling is Tiling.SPARSE else 0
        return self.image.number_of_frames - missing

    @property
    def frame_bytes(self) -> int:
        """Size of an uncompressed frame."""
        return self.image.frame_bytes


@dataclass(frozen=True, slots=True)
class Occasion:
    """What makes one conversion of a slide differ from another with the same options.

    Parameters
    ----------
    moment
        When the conversion began, with its time zone; ``None`` where the result shall not tell.
    """

    uids: Uids = field(default_factory=Uids)
    moment: dt.datetime | None = field(default_factory=lambda: dt.datetime.now(dt.UTC))


@dataclass(frozen=True, slots=True)
class ConversionPlan:
    """All instances of a slide, and what they share.

    Parameters
    ----------
    metadata
        Complete: what nobody knew has its placeholder.
    notes
        What was assumed or left aside, each a sentence for the user.
    """

    slide_name: str
    format_name: str
    instances: tuple[InstancePlan, ...]
    metadata: SlideMetadata
    frame_of_reference_uid: str
    acquisition_uid: str
    dimension_organization_uid: str
    notes: tuple[str, ...]
    occasion: Occasion = field(default_factory=Occasion)

    @property
    def number_of_frames(self) -> int:
        """Frames of all instances."""
        return sum(instance.number_of_frames for instance in self.instances)
