# SPDX-License-Identifier: Apache-2.0
"""Keys of a specimen that stand for preparation steps of which nothing else is told.

Many laboratories know the fixative, the medium and the stains of a slide, but not who did what
when. ``"fixative"``, ``"embedding_medium"`` and ``"stains"`` of a specimen are such steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import PreparationStep
from dicomizer.errors import MetadataError

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORTHAND = {
    "fixative": codes.SPECIMEN_PROCESSING,
    "embedding_medium": codes.SPECIMEN_PROCESSING,
    "stains": codes.STAINING,
}
"""By key, the procedure of the step that it stands for, in the order of the steps."""


def expanded(values: Mapping[str, Any], place: str) -> dict[str, object]:
    """Return the values of a specimen's fields, with steps for its shorthand.

    Raises
    ------
    MetadataError
        Steps are given both ways, so that their order is not clear.
    """
    given = [key for key in SHORTHAND if values.get(key)]
    rest = {key: value for key, value in values.items() if key not in SHORTHAND}
    if not given:
        return rest
    if rest.get("preparation"):
        raise MetadataError(
            f'"{given[0]}" and "preparation" are given, expected one of them',
            place=place,
            remedy="put all steps into preparation",
        )
    steps = tuple(PreparationStep(SHORTHAND[key], **{key: values[key]}) for key in given)
    return rest | {"preparation": steps}
