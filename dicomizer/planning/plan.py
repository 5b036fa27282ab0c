# SPDX-License-Identifier: Apache-2.0
"""The values a planner decides on and a pipeline carries out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.dicom import uids

if TYPE_CHECKING:
    from dicomizer.dicom.metadata import SlideMetadata
    from dicomizer.slide import SlideImage


class Route(Enum):
    """How an instance gets its frames."""

    PASSTHROUGH = "passthrough"
    """The stored scans, never decoded."""
    DECODED = "decoded"
    """Decoded pixels without compression."""


class TransferSyntax(Enum):
    """The encodings that can be written, by UID (PS3.6 Annex A)."""

    EXPLICIT_VR_LITTLE_ENDIAN = uids.EXPLICIT_VR_LITTLE_ENDIAN
    JPEG_BASELINE = uids.JPEG_BASELINE

    @property
    def is_encapsulated(self) -> bool:
        """Whether frames are fragments of compressed data (PS3.5 A.4)."""
        return self is not TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN


@dataclass(frozen=True, slots=True)
class InstancePlan:
    """One SOP instance to be written.

    Parameters
    ----------
    file_name
        Within the target.
    image_type
        The four values of Image Type.
    photometric_interpretation
        Of the frames as they will be stored.
    lossy_ratio
        Size of the uncompressed pixels by that of the lossily coded ones; ``None`` where nothing
        was lost.
    icc_profile
        Of the file, or sRGB.
    """

    file_name: str
    image: SlideImage
    route: Route
    transfer_syntax: TransferSyntax
    photometric_interpretation: str
    image_type: tuple[str, str, str, str]
    sop_instance_uid: str
    instance_number: int
    lossy_ratio: float | None
    icc_profile: bytes = field(repr=False)

    @property
    def number_of_frames(self) -> int:
        """Frames, each a tile of the image."""
        return self.image.number_of_tiles

    @property
    def frame_bytes(self) -> int:
        """Size of an uncompressed frame of three 8-bit samples."""
        return self.image.tile_size.width * self.image.tile_size.height * 3


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
    pyramid_uid: str
    acquisition_uid: str
    dimension_organization_uid: str
    notes: tuple[str, ...]

    @property
    def number_of_frames(self) -> int:
        """Frames of all instances."""
        return sum(instance.number_of_frames for instance in self.instances)
