# SPDX-License-Identifier: Apache-2.0
"""What a user may ask of a conversion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import SlideMetadata

if TYPE_CHECKING:
    from dicomizer.slide import SpacingMm


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """What a user may ask of a conversion.

    Parameters
    ----------
    metadata
        Told by the user; goes over what the slide file tells.
    spacing
        Of level 0; goes over what the slide file tells.
    label
        Whether the images that may show the label, and with it a patient's name, are written.
    overwrite
        Whether files in the target folder may be replaced.
    """

    metadata: SlideMetadata = field(default_factory=SlideMetadata)
    spacing: SpacingMm | None = None
    label: bool = True
    overwrite: bool = False
