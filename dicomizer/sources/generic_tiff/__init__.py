# SPDX-License-Identifier: Apache-2.0
"""Tiled TIFF pyramids without a vendor's description."""

from dicomizer.sources.generic_tiff.source import GenericTiffSource

__all__ = ["GenericTiffSource"]
