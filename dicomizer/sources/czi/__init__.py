# SPDX-License-Identifier: Apache-2.0
"""Zeiss CZI, read with pylibCZIrw: the optional part ``coverslip[czi]``."""

from dicomizer.sources.czi.source import CziSource

__all__ = ["CziSource"]
