# SPDX-License-Identifier: Apache-2.0
"""What coding and decoding raise."""

from __future__ import annotations

from dicomizer.errors import DicomizerError


class CodecError(DicomizerError):
    """Pixels that a codec cannot code, or a coded frame that is not what it should be."""


class EncodingError(CodecError):
    """Pixels, or a stream to be coded anew, that an encoder refuses: the source is not damaged."""
