# SPDX-License-Identifier: Apache-2.0
"""What all images of one slide have to tell alike, whatever it is: whose slide it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.verify.report import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.sources.dicom_wsi.images import WsiImage

_OF_ONE_SLIDE = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "AccessionNumber",
    "ContainerIdentifier",
)


def shared_differences(images: Sequence[tuple[str, WsiImage]]) -> Iterator[Difference]:
    """Yield where an instance tells of another patient, study or container than the first one.

    Parameters
    ----------
    images
        With the names by which they are told.
    """
    told = [(name, part.dataset) for name, wsi in images for part in wsi.instances]
    for keyword in _OF_ONE_SLIDE:
        seen: set[str] = set()
        for name, dataset in told[1:]:
            is_same = str(dataset.get(keyword, "")) == str(told[0][1].get(keyword, ""))
            if not is_same and name not in seen:
                # Values may name a patient: which they are is seen in the files.
                yield Difference(name, keyword, f"that of {told[0][0]}", "another value")
            seen |= set() if is_same else {name}
