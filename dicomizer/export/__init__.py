# SPDX-License-Identifier: Apache-2.0
"""DICOM back to files that other programs read, without coding anew what they can hold."""

from dicomizer.export.frames import export_frames
from dicomizer.export.options import Box, Export, ExportCodec, ExportOptions
from dicomizer.export.run import SUFFIXES, export

__all__ = [
    "SUFFIXES",
    "Box",
    "Export",
    "ExportCodec",
    "ExportOptions",
    "export",
    "export_frames",
]
