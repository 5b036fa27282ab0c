# SPDX-License-Identifier: Apache-2.0
"""Aperio SVS."""

from dicomizer.sources.svs.source import SvsSource

__all__ = ["SvsSource"]
