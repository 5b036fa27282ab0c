# SPDX-License-Identifier: Apache-2.0
"""The Specimen Module: the container, the specimens on it, and their preparation steps.

References
----------
PS3.3 C.7.6.22 (Specimen Module), PS3.16 TID 8001 (Specimen Preparation)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from dicomizer.dicom import codes
from dicomizer.dicom.schema.dataset import code_item, sequence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dicomizer.dicom.metadata import Code, Container, Specimen


def add_specimens(dataset: Dataset, container: Container, specimens: Iterable[Specimen]) -> None:
    """Add the Specimen Module."""
    dataset.ContainerIdentifier = container.identifier
    dataset.IssuerOfTheContainerIdentifierSequence = sequence(())
    dataset.ContainerTypeCodeSequence = sequence([code_item(codes.MICROSCOPE_SLIDE)])
    dataset.SpecimenDescriptionSequence = sequence(_description(item) for item in specimens)


def _description(specimen: Specimen) -> Dataset:
    item = Dataset()
    item.SpecimenIdentifier = specimen.identifier
    item.IssuerOfTheSpecimenIdentifierSequence = sequence(())
    item.SpecimenUID = specimen.uid
    item.SpecimenTypeCodeSequence = sequence([code_item(specimen.type or codes.SLIDE)])
    if specimen.description:
        item.SpecimenShortDescription = specimen.description
    item.SpecimenPreparationSequence = sequence(_preparation(specimen))
    item.PrimaryAnatomicStructureSequence = sequence(
        [code_item(specimen.anatomic_structure or codes.BODY_STRUCTURE)]
    )
    return item


def _preparation(specimen: Specimen) -> Iterable[Dataset]:
    """Yield the known steps; the most general one where none is known."""
    processing = [
        (concept, code)
        for concept, code in (
            (codes.TISSUE_FIXATIVE, specimen.fixative),
            (codes.EMBEDDING_MEDIUM, specimen.embedding_medium),
        )
        if code
    ]
    if processing or not specimen.stains:
        yield _step(specimen, codes.SPECIMEN_PROCESSING, processing)
    if specimen.stains:
        stains = [(codes.USING_SUBSTANCE, stain) for stain in specimen.stains]
        yield _step(specimen, codes.STAINING, stains)


def _step(specimen: Specimen, procedure: Code, details: Iterable[tuple[Code, Code]]) -> Dataset:
    content = [
        _text_item(codes.SPECIMEN_IDENTIFIER, specimen.identifier or ""),
        _code_content_item(codes.PROCESSING_TYPE, procedure),
        *(_code_content_item(concept, value) for concept, value in details),
    ]
    step = Dataset()
    step.SpecimenPreparationStepContentItemSequence = sequence(content)
    return step


def _text_item(concept: Code, text: str) -> Dataset:
    item = Dataset()
    item.ValueType = "TEXT"
    item.ConceptNameCodeSequence = sequence([code_item(concept)])
    item.TextValue = text
    return item


def _code_content_item(concept: Code, value: Code) -> Dataset:
    item = Dataset()
    item.ValueType = "CODE"
    item.ConceptNameCodeSequence = sequence([code_item(concept)])
    item.ConceptCodeSequence = sequence([code_item(value)])
    return item
