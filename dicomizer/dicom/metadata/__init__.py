# SPDX-License-Identifier: Apache-2.0
"""What is known of a slide beside its pixels: patient, study, container, specimens, scanner.

Frozen values without DICOM in them; `dicomizer.dicom.schema` maps them to datasets and to JSON.
"Not known" is ``None`` or an empty tuple, never a placeholder: placeholders are chosen when a
dataset is written, and reported there.
"""

from dicomizer.dicom.metadata.model import (
    Container,
    Equipment,
    LightPath,
    Operator,
    Optics,
    PathMetadata,
    Patient,
    Series,
    SlideMetadata,
    Study,
)
from dicomizer.dicom.metadata.specimen import (
    Code,
    PreparationStep,
    Specimen,
    SpecimenLocation,
    Text,
)

__all__ = [
    "Code",
    "Container",
    "Equipment",
    "LightPath",
    "Operator",
    "Optics",
    "PathMetadata",
    "Patient",
    "PreparationStep",
    "Series",
    "SlideMetadata",
    "Specimen",
    "SpecimenLocation",
    "Study",
    "Text",
]
