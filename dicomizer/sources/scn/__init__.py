# SPDX-License-Identifier: Apache-2.0
"""Leica SCN."""

from dicomizer.sources.scn.source import ScnSource

__all__ = ["ScnSource"]
