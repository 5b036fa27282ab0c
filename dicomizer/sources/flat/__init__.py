# SPDX-License-Identifier: Apache-2.0
"""Flat images: PNG, JPEG, JPEG 2000, BMP."""

from dicomizer.sources.flat.source import FlatSource

__all__ = ["FlatSource"]
