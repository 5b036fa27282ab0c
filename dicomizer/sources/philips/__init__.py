# SPDX-License-Identifier: Apache-2.0
"""Philips TIFF."""

from dicomizer.sources.philips.source import PhilipsSource

__all__ = ["PhilipsSource"]
