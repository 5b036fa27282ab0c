# SPDX-License-Identifier: Apache-2.0
"""An archive checked: every stored byte, every row of the index, every file that is left over."""

from tileserver.services.check.check import Check, Extent, Progress
from tileserver.services.check.findings import Finding, Kind
from tileserver.services.check.repair import Repair

__all__ = ["Check", "Extent", "Finding", "Kind", "Progress", "Repair"]
