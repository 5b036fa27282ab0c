# SPDX-License-Identifier: Apache-2.0
"""Trestle MedScan TIFF."""

from dicomizer.sources.trestle.source import TrestleSource

__all__ = ["TrestleSource"]
