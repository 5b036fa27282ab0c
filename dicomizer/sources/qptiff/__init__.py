# SPDX-License-Identifier: Apache-2.0
"""PerkinElmer and Akoya QPTIFF."""

from dicomizer.sources.qptiff.source import QptiffSource

__all__ = ["QptiffSource"]
