# SPDX-License-Identifier: Apache-2.0
"""Unique identifiers that Coverslip gives, and the names of those it uses of the standard."""

from __future__ import annotations

import uuid

VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.77.1.6"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"

IMPLEMENTATION_CLASS_UID = "2.25.291702541208447285386413163146421730427"
"""Of every file that Coverslip writes (PS3.10 7.1)."""


def new_uid() -> str:
    """Return a UID that nobody has used (PS3.5 B.2, from a random UUID)."""
    return f"2.25.{uuid.uuid4().int}"


def is_uid(text: str) -> bool:
    """Tell whether ``text`` is a valid UID (PS3.5 9.1)."""
    parts = text.split(".")
    return len(text) <= 64 and all(
        part.isascii() and part.isdigit() and (part == "0" or not part.startswith("0"))
        for part in parts
    )
