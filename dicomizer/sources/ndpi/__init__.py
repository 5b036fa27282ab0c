# SPDX-License-Identifier: Apache-2.0
"""Hamamatsu NDPI."""

from dicomizer.sources.ndpi.source import NdpiSource

__all__ = ["NdpiSource"]
