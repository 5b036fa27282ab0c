# SPDX-License-Identifier: Apache-2.0
"""Well-known names of coded concepts: those of the standard's context groups, and everyday ones.

``"formalin"`` or ``"Haematoxylin"`` in a file becomes the code that PS3.16 has for it in the
context group of that field. The groups come from pydicom's tables, made from the standard.
"""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Code, PreparationStep, Specimen

if TYPE_CHECKING:
    from pydicom.sr.codedict import Collection

GROUPS: dict[tuple[type, str], tuple[int, ...]] = {
    (Specimen, "type"): (8103,),
    (Specimen, "anatomic_structure"): (8134,),
    (Specimen, "anatomic_modifiers"): (244, 2),
    (PreparationStep, "procedure"): (8111,),
    (PreparationStep, "method"): (8109, 8110, 8113),
    (PreparationStep, "parent_type"): (8103,),
    (PreparationStep, "fixative"): (8114,),
    (PreparationStep, "embedding_medium"): (8115,),
    (PreparationStep, "stains"): (8112,),
}
"""By record and field, the context groups of PS3.16 whose names it knows."""

_OTHER_NAMES = {
    "collection": "specimencollection",
    "eosin": "watersolubleeosin",
    "embedding": "specimenprocessing",
    "fixation": "specimenprocessing",
    "nbf": "neutralbufferedformalin",
    "oct": "tissuefreezingmedium",
    "paraffin": "paraffinwax",
    "pas": "periodicacidschiff",
    "processing": "specimenprocessing",
    "receiving": "specimenreceiving",
    "sampling": "samplingoftissuespecimen",
    "section": "tissuesection",
    "sectioning": "blocksectioning",
    "storage": "specimenstorage",
    "tissue": "tissuespecimen",
}
_BRITISH = (("haem", "hem"), ("oesoph", "esoph"), ("oedem", "edem"), ("aesth", "esth"))
_SEVERAL = {
    "he": ("hematoxylin", "eosin"),
    "hes": ("hematoxylin", "eosin", "saffron"),
    "hps": ("hematoxylin", "phloxin b", "saffron"),
}
"""Stainings known by the initials of their stains."""


def concept(name: str, groups: tuple[int, ...]) -> Code | None:
    """Return the concept of a name within context groups; ``None`` where they have none such."""
    known = _known(groups)
    folded = _folded(name)
    return known.get(folded) or known.get(_OTHER_NAMES.get(folded, ""))


def several(name: str) -> tuple[str, ...]:
    """Return the names that a name stands for: those of the stains in "H&E", else itself."""
    return _SEVERAL.get(_folded(name), (name,))


def closest(name: str, groups: tuple[int, ...]) -> str | None:
    """Return the name of the groups that is most like one that they do not have."""
    known = {folded: code.meaning for folded, code in _known(groups).items()}
    known |= {other: other for other, meant in _OTHER_NAMES.items() if meant in known}
    close = difflib.get_close_matches(_folded(name), known, n=1, cutoff=0.7)
    return known[close[0]] if close else None


@functools.cache
def _known(groups: tuple[int, ...]) -> dict[str, Code]:
    """Return the concepts by their names; of two with one name, that of the first group."""
    # The tables take a quarter of a second, and few conversions need them.
    from pydicom.sr.codedict import codes

    known: dict[str, Code] = {}
    for group in groups:
        for code in _members(getattr(codes, f"cid{group}")):
            known.setdefault(_folded(code.meaning), code)
    return known


def _members(group: Collection) -> list[Code]:
    """Return the concepts of a group that one coding scheme has."""
    found = []
    for keyword in group.dir():
        try:
            code = getattr(group, keyword)
        except RuntimeError:  # two schemes have a concept of that name
            continue
        found.append(Code(code.value, code.scheme_designator, code.meaning))
    return found


def _folded(name: str) -> str:
    """Return a name as it is compared: letters and digits only, in American spelling."""
    folded = "".join(c for c in name.casefold() if c.isalnum())
    for british, american in _BRITISH:
        folded = folded.replace(british, american)
    for ending in ("structure", "stain"):
        folded = folded.removesuffix(ending)
    return folded
