# SPDX-License-Identifier: Apache-2.0
"""What is known of a slide beside its pixels: patient, study, container, specimens, scanner.

Frozen values without DICOM in them; `dicomizer.dicom.schema` maps them to datasets and to JSON.
"Not known" is ``None`` or an empty tuple, never a placeholder: placeholders are chosen when a
dataset is written, and reported there.
"""

from dicomizer.dicom.metadata.model import (
    Code,
    Container,
    Equipment,
    Optics,
    Patient,
    Series,
    SlideMetadata,
    Specimen,
    Study,
)

__all__ = [
    "Code",
    "Container",
    "Equipment",
    "Optics",
    "Patient",
    "Series",
    "SlideMetadata",
    "Specimen",
    "Study",
]
