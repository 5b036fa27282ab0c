# SPDX-License-Identifier: Apache-2.0
"""Convert whole-slide images to DICOM; see ``dicomizer --help`` and `dicomizer.convert`."""

__version__ = "0.1.0"
