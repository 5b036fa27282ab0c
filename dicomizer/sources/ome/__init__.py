# SPDX-License-Identifier: Apache-2.0
"""OME-TIFF."""

from dicomizer.sources.ome.source import OmeSource

__all__ = ["OmeSource"]
