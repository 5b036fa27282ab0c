# SPDX-License-Identifier: Apache-2.0
"""Unique identifiers that Coverslip gives, and the names of those it uses of the standard."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass, field

VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.77.1.6"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"

IMPLEMENTATION_CLASS_UID = "2.25.291702541208447285386413163146421730427"
"""Of every file that Coverslip writes (PS3.10 7.1)."""


def new_uid() -> str:
    """Return a UID that nobody has used (PS3.5 B.2, from a random UUID)."""
    return f"2.25.{uuid.uuid4().int}"


@dataclass(frozen=True, slots=True)
class Uids:
    """UIDs of a conversion: the same key and role give the same UID, on any machine.

    Parameters
    ----------
    key
        Random bytes for UIDs that nobody has used; what identifies slide, options and owner for
        those that shall be the same again.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def uid(self, role: str) -> str:
        """Return the UID of what plays a role, such as "study" (PS3.5 B.2, UUID of version 8)."""
        digest = hmac.new(self.key, role.encode(), hashlib.sha256).digest()[:16]
        number = int.from_bytes(digest)
        # Version and variant by RFC 9562 5.8.
        number = number & ~(0xF << 76) | 8 << 76
        number = number & ~(0b11 << 62) | 0b10 << 62
        return f"2.25.{number}"


def is_uid(text: str) -> bool:
    """Tell whether ``text`` is a valid UID (PS3.5 9.1)."""
    parts = text.split(".")
    return len(text) <= 64 and all(
        part.isascii() and part.isdigit() and (part == "0" or not part.startswith("0"))
        for part in parts
    )
