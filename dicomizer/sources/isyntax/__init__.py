# SPDX-License-Identifier: Apache-2.0
"""Philips iSyntax, read with pyisyntax: the optional part ``coverslip[isyntax]``."""

from dicomizer.sources.isyntax.source import IsyntaxSource

__all__ = ["IsyntaxSource"]
