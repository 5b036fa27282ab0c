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

SPECIMEN_COLLECTION = Code("17636008", "SCT", "Specimen collection")
"""CID 8111; in CID 8109 Specimen Collection Procedure the most general one; and a concept name."""
SAMPLING = Code("433465004", "SCT", "Sampling of tissue specimen")
STAINING = Code("127790008", "SCT", "Staining")
"""CID 8111."""
BLOCK_SECTIONING = Code("434472006", "SCT", "Block sectioning")
"""CID 8110 Specimen Sampling Procedure."""

# Concept names of TID 8001 Specimen Preparation, 8002 Sampling, 8003 Staining.
SPECIMEN_IDENTIFIER = Code("121041", "DCM", "Specimen Identifier")
SPECIMEN_ISSUER = Code("111724", "DCM", "Issuer of Specimen Identifier")
PROCESSING_TYPE = Code("111701", "DCM", "Processing type")
PROCESSING_TIME = Code("111702", "DCM", "DateTime of processing")
PROCESSING_DESCRIPTION = Code("111703", "DCM", "Processing step description")
SAMPLING_METHOD = Code("111704", "DCM", "Sampling Method")
PARENT_IDENTIFIER = Code("111705", "DCM", "Parent Specimen Identifier")
PARENT_TYPE = Code("111707", "DCM", "Parent specimen type")
USING_SUBSTANCE = Code("424361007", "SCT", "Using substance")
TISSUE_FIXATIVE = Code("430864009", "SCT", "Tissue Fixative")
EMBEDDING_MEDIUM = Code("430863003", "SCT", "Embedding medium")
PERSON_NAME = Code("113870", "DCM", "Person Name")
"""From TID 1020 Person Participant; TID 8001 may be extended and has no row for the operator."""

# Concept names of TID 8004 Specimen Localization.
POSITION_REFERENCE = Code("111708", "DCM", "Position Frame of Reference")
SPECIMEN_LOCATION = Code("111718", "DCM", "Location of Specimen")
SPECIMEN_X = Code("111719", "DCM", "Location of Specimen X offset")
SPECIMEN_Y = Code("111720", "DCM", "Location of Specimen Y offset")
VISUAL_MARKING = Code("111723", "DCM", "Visual Marking of Specimen")
MILLIMETRE = Code("mm", "UCUM", "mm")

MODIFYING_EQUIPMENT = Code("109103", "DCM", "Modifying Equipment")
"""CID 7005 Contributing Equipment Purpose of Reference."""
