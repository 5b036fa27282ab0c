# SPDX-License-Identifier: Apache-2.0
"""The slide that is exported: it must be one in DICOM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.errors import SourceError, UnsupportedSourceError
from dicomizer.sources.dicom_wsi import DicomWsiSource
from dicomizer.sources.registry import open_with

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.sources.base import SlideSource


def open_dicom(dicom: Path) -> SlideSource:
    """Open a series by its folder or one of its files.

    Raises
    ------
    SourceError
        There is no DICOM slide, or its series cannot be read.
    """
    try:
        return open_with(DicomWsiSource, dicom)
    except UnsupportedSourceError as error:
        raise SourceError(
            f"expected a slide in DICOM: {'; '.join(error.refusals.values())}",
            file=dicom,
            remedy="give the folder of a converted slide, or one of its files",
        ) from error
