# SPDX-License-Identifier: Apache-2.0
"""Olympus (Evident) cellSens VSI."""

from dicomizer.sources.vsi.source import VsiSource

__all__ = ["VsiSource"]
