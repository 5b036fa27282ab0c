# SPDX-License-Identifier: Apache-2.0
"""What Derivation Description tells of a lossy coding, since no other attribute does.

References
----------
PS3.3 C.7.6.1.1.3 (Derivation Description), C.7.6.1.1.5 (lossy compression)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dicomizer.dicom.schema.read_values import text

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_QUALITY = re.compile(r"\bcoded with quality (\d{1,3}) of 100\b")


def quality_told(quality: int) -> str:
    """Return the words that tell the quality of a lossy coding, 1 to 100."""
    return f"coded with quality {quality} of 100"


def quality_of(dataset: Dataset) -> int | None:
    """Return the quality that `quality_told` told; ``None`` where no word of it is there."""
    match = _QUALITY.search(text(dataset, "DerivationDescription", "ST") or "")
    return int(match[1]) if match and 1 <= int(match[1]) <= 100 else None
