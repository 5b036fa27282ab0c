# SPDX-License-Identifier: Apache-2.0
"""The Specimen Module: the container, the specimens on it, and their preparation steps.

References
----------
PS3.3 C.7.6.22 (Specimen Module), PS3.16 TID 8001 to 8004 (preparation and localization)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.valuerep import DSfloat, PersonName

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import Code, PreparationStep
from dicomizer.dicom.schema.dataset import code_item, dicom_datetime, issuer_items, sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dicomizer.dicom.metadata import (
        Container,
        Specimen,
        SpecimenLocation,
        Text,
    )


def add_specimens(dataset: Dataset, container: Container, specimens: Iterable[Specimen]) -> None:
    """Add the Specimen Module."""
    dataset.ContainerIdentifier = container.identifier
    dataset.IssuerOfTheContainerIdentifierSequence = issuer_items(container.issuer)
    dataset.ContainerTypeCodeSequence = sequence([code_item(codes.MICROSCOPE_SLIDE)])
    dataset.SpecimenDescriptionSequence = sequence(_description(item) for item in specimens)


def method_concept(procedure: Code) -> Code:
    """Return the concept name under which a step tells its method (TID 8001, 8002)."""
    if procedure == codes.SPECIMEN_COLLECTION:
        return codes.SPECIMEN_COLLECTION
    return codes.SAMPLING_METHOD if procedure == codes.SAMPLING else codes.PROCESSING_DESCRIPTION


def implied_description(step: PreparationStep) -> str | None:
    """Return what a step of processing is called by what it used, where nobody described it.

    TID 8001 has one type for fixation, embedding and all other processing: readers tell these
    apart by the description, and some, such as highdicom, refuse a step without one.
    """
    if step.procedure != codes.SPECIMEN_PROCESSING or step.method:
        return None
    used = (("fixation", step.fixative), ("embedding", step.embedding_medium))
    words = " and ".join(word for word, value in used if value)
    return words.capitalize() or codes.SPECIMEN_PROCESSING.meaning


def _description(specimen: Specimen) -> Dataset:
    item = Dataset()
    item.SpecimenIdentifier = specimen.identifier
    item.IssuerOfTheSpecimenIdentifierSequence = issuer_items(specimen.issuer)
    item.SpecimenUID = specimen.uid
    item.SpecimenTypeCodeSequence = sequence([code_item(specimen.type or codes.SLIDE)])
    if specimen.description:
        item.SpecimenShortDescription = specimen.description
    if specimen.detailed_description:
        item.SpecimenDetailedDescription = specimen.detailed_description
    steps = [_step(specimen, step) for step in specimen.preparation]
    item.SpecimenPreparationSequence = sequence(steps or [_unknown_step(specimen)])
    item.PrimaryAnatomicStructureSequence = sequence([_anatomy(specimen)])
    location = list(_location(specimen.location))
    if location:
        item.SpecimenLocalizationContentItemSequence = sequence(location)
    return item


def _anatomy(specimen: Specimen) -> Dataset:
    """Return an item of the Primary Anatomic Structure Macro (PS3.3 10.5)."""
    item = code_item(specimen.anatomic_structure or codes.BODY_STRUCTURE)
    if specimen.anatomic_modifiers:
        modifiers = sequence(map(code_item, specimen.anatomic_modifiers))
        item.PrimaryAnatomicStructureModifierSequence = modifiers
    return item


def _location(location: SpecimenLocation) -> Iterator[Dataset]:
    """Yield the content items that tell where a specimen lies (TID 8004)."""
    texts = (
        (codes.POSITION_REFERENCE, location.reference),
        (codes.SPECIMEN_LOCATION, location.description),
        (codes.VISUAL_MARKING, location.visual_marking),
    )
    yield from (_text_item(concept, text) for concept, text in texts if text)
    for concept, offset in ((codes.SPECIMEN_X, location.x_mm), (codes.SPECIMEN_Y, location.y_mm)):
        if offset is not None:
            yield _millimetres_item(concept, offset)


def _unknown_step(specimen: Specimen) -> Dataset:
    """Return the most general step, where none is known."""
    return _step(specimen, PreparationStep(codes.SPECIMEN_PROCESSING))


def _step(specimen: Specimen, step: PreparationStep) -> Dataset:
    """Return a step with its content items in the order of TID 8001."""
    identifier = step.specimen or specimen.identifier or ""
    issuer = step.issuer or specimen.issuer
    content = [_text_item(codes.SPECIMEN_IDENTIFIER, identifier)]
    if issuer:
        content.append(_text_item(codes.SPECIMEN_ISSUER, issuer))
    content.append(_code_content_item(codes.PROCESSING_TYPE, step.procedure))
    if step.datetime:
        content.append(_time_item(codes.PROCESSING_TIME, step))
    if step.operator:
        content.append(_person_item(codes.PERSON_NAME, step.operator))
    told = (
        (codes.PROCESSING_DESCRIPTION, step.description or implied_description(step)),
        (method_concept(step.procedure), _method(step)),
        (codes.PARENT_IDENTIFIER, step.parent),
        (codes.PARENT_TYPE, step.parent_type),
        *((codes.USING_SUBSTANCE, stain) for stain in step.stains),
        (codes.TISSUE_FIXATIVE, step.fixative),
        (codes.EMBEDDING_MEDIUM, step.embedding_medium),
    )
    content += [_item(concept, value) for concept, value in told if value]
    return _preparation(content)


def _method(step: PreparationStep) -> Code | None:
    """Return the method; TID 8001 demands one of a collection, if only the most general."""
    is_collection = step.procedure == codes.SPECIMEN_COLLECTION
    return step.method or (codes.SPECIMEN_COLLECTION if is_collection else None)


def _preparation(content: Iterable[Dataset]) -> Dataset:
    step = Dataset()
    step.SpecimenPreparationStepContentItemSequence = sequence(content)
    return step


def _item(concept: Code, value: Code | Text | str) -> Dataset:
    if isinstance(value, Code):
        return _code_content_item(concept, value)
    return _text_item(concept, value if isinstance(value, str) else value.text)


def _content_item(value_type: str, concept: Code) -> Dataset:
    """Return a content item without its value (PS3.3 10.2)."""
    item = Dataset()
    item.ValueType = value_type
    item.ConceptNameCodeSequence = sequence([code_item(concept)])
    return item


def _text_item(concept: Code, text: str) -> Dataset:
    item = _content_item("TEXT", concept)
    item.TextValue = text
    return item


def _code_content_item(concept: Code, value: Code) -> Dataset:
    item = _content_item("CODE", concept)
    item.ConceptCodeSequence = sequence([code_item(value)])
    return item


def _time_item(concept: Code, step: PreparationStep) -> Dataset:
    assert step.datetime is not None
    item = _content_item("DATETIME", concept)
    item.DateTime = dicom_datetime(step.datetime)
    return item


def _person_item(concept: Code, name: str) -> Dataset:
    item = _content_item("PNAME", concept)
    item.PersonName = PersonName(name)
    return item


def _millimetres_item(concept: Code, value: float) -> Dataset:
    item = _content_item("NUMERIC", concept)
    item.NumericValue = DSfloat(value, auto_format=True)
    if float(str(item.NumericValue)) != value:
        item.FloatingPointValue = value
    item.MeasurementUnitsCodeSequence = sequence([code_item(codes.MILLIMETRE)])
    return item
