# SPDX-License-Identifier: Apache-2.0
"""DICOM VL Whole Slide Microscopy as a source."""

from dicomizer.sources.dicom_wsi.source import DicomWsiSource

__all__ = ["DicomWsiSource"]
