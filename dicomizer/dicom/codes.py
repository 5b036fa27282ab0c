# SPDX-License-Identifier: Apache-2.0
"""The coded concepts that dicomizer writes of its own accord, with the context group of each.

References
----------
PS3.16 Annex B (context groups) and Annex D (DICOM controlled terminology)
"""

from __future__ import annotations

from dicomizer.dicom.metadata import Code

# The most general concepts, for what a profile demands and nobody has told.
SLIDE = Code("1179252003", "SCT", "Slide")
"""CID 8103 Anatomic Pathology Specimen Type; true of whatever lies on a slide."""
BODY_STRUCTURE = Code("123037004", "SCT", "Body structure")
"""The concept of SNOMED CT above every anatomic structure."""
SPECIMEN_PROCESSING = Code("9265001", "SCT", "Specimen processing")
"""CID 8111 Specimen Preparation Procedure."""

MICROSCOPE_SLIDE = Code("433466003", "SCT", "Microscope slide")
"""CID 8101 Container Type."""
BRIGHTFIELD = Code("111744", "DCM", "Brightfield illumination")
EPIFLUORESCENCE = Code("111743", "DCM", "Epifluorescence illumination")
"""CID 8123 Microscopy Illumination Type."""
FULL_SPECTRUM = Code("414298005", "SCT", "Full Spectrum")
"""CID 8122 Microscopy Illuminator and Sensor Color."""

# TID 8001 Specimen Preparation.
SPECIMEN_IDENTIFIER = Code("121041", "DCM", "Specimen Identifier")
PROCESSING_TYPE = Code("111701", "DCM", "Processing type")
STAINING = Code("127790008", "SCT", "Staining")
USING_SUBSTANCE = Code("424361007", "SCT", "Using substance")
TISSUE_FIXATIVE = Code("430864009", "SCT", "Tissue Fixative")
EMBEDDING_MEDIUM = Code("430863003", "SCT", "Embedding medium")

MODIFYING_EQUIPMENT = Code("109103", "DCM", "Modifying Equipment")
"""CID 7005 Contributing Equipment Purpose of Reference."""
