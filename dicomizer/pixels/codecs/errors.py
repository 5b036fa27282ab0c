# SPDX-License-Identifier: Apache-2.0
"""What coding and decoding raise."""

from __future__ import annotations

from dicomizer.errors import DicomizerError


class CodecError(DicomizerError):
    """Pixels that a codec cannot code, or a coded frame that is not what it should be."""
