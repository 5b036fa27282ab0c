# SPDX-License-Identifier: Apache-2.0
"""Specimens and their preparation from the Specimen Module, as far as the model goes.

References
----------
PS3.3 C.7.6.22 (Specimen Module), PS3.16 TID 8001 (Specimen Preparation)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import Code, Specimen
from dicomizer.dicom.schema.read_values import code, items, text, uid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

_STAINING = (codes.STAINING, Code("P3-00003", "SRT", "Staining"))
_SUBSTANCE = (codes.USING_SUBSTANCE, Code("G-C350", "SRT", "Using substance"))
"""Before the code as the standard has it now, that of its editions up to 2017."""


def read_specimens(dataset: Dataset) -> tuple[Specimen, ...]:
    """Return the specimens of the Specimen Description Sequence."""
    return tuple(map(_specimen, items(dataset, "SpecimenDescriptionSequence")))


def _specimen(item: Dataset) -> Specimen:
    steps = [list(_coded_content(step)) for step in items(item, "SpecimenPreparationSequence")]
    details = [pair for step in steps for pair in step]
    return Specimen(
        identifier=text(item, "SpecimenIdentifier"),
        uid=uid(item, "SpecimenUID"),
        description=text(item, "SpecimenShortDescription"),
        type=_told(code(item, "SpecimenTypeCodeSequence"), codes.SLIDE),
        anatomic_structure=_told(
            code(item, "PrimaryAnatomicStructureSequence"), codes.BODY_STRUCTURE
        ),
        fixative=dict(reversed(details)).get(codes.TISSUE_FIXATIVE),
        embedding_medium=dict(reversed(details)).get(codes.EMBEDDING_MEDIUM),
        stains=tuple(
            value
            for step in steps
            if any((codes.PROCESSING_TYPE, kind) in step for kind in _STAINING)
            for concept, value in step
            if concept in _SUBSTANCE
        ),
    )


def _told(value: Code | None, placeholder: Code) -> Code | None:
    """Return a code, unless it is the one that is written where nobody told any."""
    return None if value == placeholder else value


def _coded_content(step: Dataset) -> Iterator[tuple[Code, Code]]:
    """Yield concept and value of each coded content item of a preparation step."""
    for item in items(step, "SpecimenPreparationStepContentItemSequence"):
        concept, value = code(item, "ConceptNameCodeSequence"), code(item, "ConceptCodeSequence")
        if concept is not None and value is not None:
            yield concept, value
