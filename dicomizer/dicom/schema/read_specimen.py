# SPDX-License-Identifier: Apache-2.0
"""Specimens and their preparation from the Specimen Module: the inverse of `specimen`.

What other writers tell in another order, in another coding of the standard's earlier editions, or
beside the templates is taken as far as the model goes.

References
----------
PS3.3 C.7.6.22 (Specimen Module), PS3.16 TID 8001 to 8004 (preparation and localization)
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import Code, PreparationStep, Specimen, SpecimenLocation, Text
from dicomizer.dicom.placeholders import UNKNOWN
from dicomizer.dicom.schema.read_moments import parse_datetime
from dicomizer.dicom.schema.read_values import (
    code,
    code_of,
    first,
    issuer,
    items,
    lines,
    name,
    number,
    text,
    uid,
)
from dicomizer.dicom.schema.specimen import implied_description, method_concept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

_EARLIER = {
    Code("P3-00003", "SRT", ""): codes.STAINING,
    Code("P3-02000", "SRT", ""): codes.SPECIMEN_COLLECTION,
    Code("P3-4000A", "SRT", ""): codes.SAMPLING,
    Code("P3-05000", "SRT", ""): codes.SPECIMEN_PROCESSING,
    Code("G-C350", "SRT", ""): codes.USING_SUBSTANCE,
    Code("F-6221B", "SRT", ""): codes.TISSUE_FIXATIVE,
    Code("F-6221A", "SRT", ""): codes.EMBEDDING_MEDIUM,
}
"""By the codes of the standard's editions up to 2017, those that it has now."""


def read_specimens(dataset: Dataset) -> tuple[Specimen, ...]:
    """Return the specimens of the Specimen Description Sequence."""
    return tuple(map(_specimen, items(dataset, "SpecimenDescriptionSequence")))


def _specimen(item: Dataset) -> Specimen:
    identifier = text(item, "SpecimenIdentifier")
    anatomy = first(item, "PrimaryAnatomicStructureSequence")
    modifiers = map(code_of, items(anatomy, "PrimaryAnatomicStructureModifierSequence"))
    return Specimen(
        identifier=identifier,
        issuer=issuer(item, "IssuerOfTheSpecimenIdentifierSequence"),
        uid=uid(item, "SpecimenUID"),
        description=text(item, "SpecimenShortDescription"),
        detailed_description=lines(item, "SpecimenDetailedDescription"),
        type=_told(code(item, "SpecimenTypeCodeSequence"), codes.SLIDE),
        anatomic_structure=_told(code_of(anatomy), codes.BODY_STRUCTURE),
        anatomic_modifiers=tuple(modifier for modifier in modifiers if modifier),
        location=_location(item),
        preparation=_preparation(item, identifier),
    )


def _told(value: Code | None, placeholder: Code) -> Code | None:
    """Return a code, unless it is the one that is written where nobody told any."""
    return None if value == placeholder else value


class _Content:
    """The content items of a step or of a place, found by their concept."""

    def __init__(self, content: Sequence[Dataset]) -> None:
        self._items = [(_current(code(item, "ConceptNameCodeSequence")), item) for item in content]

    def all(self, concept: Code) -> list[Dataset]:
        return [item for name, item in self._items if name == concept]

    def texts(self, concept: Code) -> list[str]:
        found = (lines(item, "TextValue") for item in self.all(concept))
        return [value for value in found if value]

    def text(self, concept: Code) -> str | None:
        return next(iter(self.texts(concept)), None)

    def code(self, concept: Code) -> Code | None:
        found = (code(item, "ConceptCodeSequence") for item in self.all(concept))
        return next((value for value in found if value), None)


def _current(concept: Code | None) -> Code | None:
    return _EARLIER.get(concept, concept) if concept else None


def _preparation(item: Dataset, identifier: str | None) -> tuple[PreparationStep, ...]:
    whose = identifier, issuer(item, "IssuerOfTheSpecimenIdentifierSequence")
    found = (_step(step, *whose) for step in items(item, "SpecimenPreparationSequence"))
    steps = tuple(_without_implied(step) for step in found if step)
    is_placeholder = steps == (PreparationStep(codes.SPECIMEN_PROCESSING),)
    return () if is_placeholder else steps


def _without_implied(step: PreparationStep) -> PreparationStep:
    """Return a step without the description that is written where nobody gave one."""
    plain = replace(step, description=None)
    return plain if step.description == implied_description(plain) else step


def _step(item: Dataset, identifier: str | None, assigned_by: str | None) -> PreparationStep | None:
    content = _Content(items(item, "SpecimenPreparationStepContentItemSequence"))
    procedure = _current(content.code(codes.PROCESSING_TYPE))
    if procedure is None:
        return None
    whose = content.text(codes.SPECIMEN_IDENTIFIER)
    told_issuer = content.text(codes.SPECIMEN_ISSUER)
    method = content.code(method_concept(procedure))
    is_staining = procedure == codes.STAINING
    return PreparationStep(
        procedure,
        specimen=None if whose == identifier else whose,
        issuer=None if told_issuer == assigned_by else told_issuer,
        datetime=next(
            (
                moment
                for entry in content.all(codes.PROCESSING_TIME)
                if (moment := parse_datetime(text(entry, "DateTime")))
            ),
            None,
        ),
        operator=next((name(e, "PersonName") for e in content.all(codes.PERSON_NAME)), None),
        description=content.text(codes.PROCESSING_DESCRIPTION),
        method=_told(_current(method), codes.SPECIMEN_COLLECTION),
        parent=content.text(codes.PARENT_IDENTIFIER),
        parent_type=content.code(codes.PARENT_TYPE),
        fixative=content.code(codes.TISSUE_FIXATIVE),
        embedding_medium=content.code(codes.EMBEDDING_MEDIUM),
        stains=_stains(content) if is_staining else (),
    )


def _stains(content: _Content) -> tuple[Code | Text, ...]:
    stains: list[Code | Text] = []
    for item in content.all(codes.USING_SUBSTANCE):
        coded, words = code(item, "ConceptCodeSequence"), lines(item, "TextValue")
        if coded:
            stains.append(coded)
        elif words:
            stains.append(Text(words))
    return tuple(stains)


def _location(item: Dataset) -> SpecimenLocation:
    content = _Content(items(item, "SpecimenLocalizationContentItemSequence"))
    description = content.text(codes.SPECIMEN_LOCATION)
    return SpecimenLocation(
        description=None if description == UNKNOWN else description,
        reference=content.text(codes.POSITION_REFERENCE),
        x_mm=_millimetres(content.all(codes.SPECIMEN_X)),
        y_mm=_millimetres(content.all(codes.SPECIMEN_Y)),
        visual_marking=content.text(codes.VISUAL_MARKING),
    )


def _millimetres(found: Sequence[Dataset]) -> float | None:
    """Return the first offset in millimetres; one in another unit is left aside."""
    for item in found:
        if code(item, "MeasurementUnitsCodeSequence") == codes.MILLIMETRE:
            precise = number(item, "FloatingPointValue")
            return number(item, "NumericValue") if precise is None else precise
    return None
