# SPDX-License-Identifier: Apache-2.0
"""Specimens of the metadata model: what lies on the glass, and all that was done to it."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - the JSON schema reads the annotations
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept.

    Parameters
    ----------
    value
        Such as "12710003".
    scheme
        Coding scheme designator, such as "SCT" for SNOMED CT.
    meaning
        Such as "hematoxylin stain"; for people, never compared.
    """

    value: str
    scheme: str
    meaning: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """Words for what has no code.

    Parameters
    ----------
    text
        Such as "Anti-Ki-67, clone MIB-1".
    """

    text: str


@dataclass(frozen=True, slots=True)
class PreparationStep:
    """One thing that was done to a specimen, or to the one that it was taken from.

    Parameters
    ----------
    procedure
        Collection, receiving, sampling, processing, staining or storage.
    specimen
        Identifier of the specimen that it was done to, or that came of it, such as a part "A" or
        a block "A1"; left out where it is the specimen on the slide.
    issuer
        Who assigned the identifier of that specimen; left out where it is who assigned that of
        the specimen on the slide.
    datetime
        When it was done.
    operator
        Name of the person who did it.
    description
        In words, such as "Primary antibody".
    method
        How a specimen was collected, sampled or processed, such as biopsy, dissection, clearing.
    parent
        Identifier of the specimen that a sampling was taken from.
    parent_type
        What that one is, such as a tissue specimen.
    fixative
        Such as neutral buffered formalin.
    embedding_medium
        Such as paraffin wax.
    stains
        Substances of a staining in their order, as codes or in words.
    """

    procedure: Code
    specimen: str | None = None
    issuer: str | None = None
    datetime: dt.datetime | None = None
    operator: str | None = None
    description: str | None = None
    method: Code | None = None
    parent: str | None = None
    parent_type: Code | None = None
    fixative: Code | None = None
    embedding_medium: Code | None = None
    stains: tuple[Code | Text, ...] = ()


@dataclass(frozen=True, slots=True)
class SpecimenLocation:
    """Where a specimen lies, for slides that carry several.

    Parameters
    ----------
    description
        In words, such as "left of the middle".
    reference
        What offsets are counted from, such as "corner of the slide opposite the label".
    x_mm, y_mm
        Offsets in millimetres.
    visual_marking
        How it is marked, such as "blue ink".
    """

    description: str | None = None
    reference: str | None = None
    x_mm: float | None = None
    y_mm: float | None = None
    visual_marking: str | None = None


@dataclass(frozen=True, slots=True)
class Specimen:
    """A piece of tissue on the slide and how it was prepared.

    Parameters
    ----------
    identifier
        As the laboratory calls it; unique within the slide.
    issuer
        Who assigned the identifier.
    uid
        A UID for this specimen alone.
    description
        In up to 64 characters.
    detailed_description
        In any number of lines.
    type
        Such as a tissue section.
    anatomic_structure
        Where in the body it comes from.
    anatomic_modifiers
        Laterality and what else narrows that down: left, distal, superficial.
    location
        Where on the slide it lies.
    preparation
        The steps, earliest first.
    """

    identifier: str | None = None
    issuer: str | None = None
    uid: str | None = None
    description: str | None = None
    detailed_description: str | None = None
    type: Code | None = None
    anatomic_structure: Code | None = None
    anatomic_modifiers: tuple[Code, ...] = ()
    location: SpecimenLocation = SpecimenLocation()
    preparation: tuple[PreparationStep, ...] = ()
