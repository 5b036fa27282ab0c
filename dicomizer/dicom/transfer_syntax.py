# SPDX-License-Identifier: Apache-2.0
"""The transfer syntaxes that can be written, by UID (PS3.6 Annex A)."""

from __future__ import annotations

from enum import Enum


class TransferSyntax(Enum):
    """An encoding of a dataset and of the frames in it (PS3.5 Section 10, Annex A)."""

    EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
    JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
    JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
    JPEG_LS_NEAR_LOSSLESS = "1.2.840.10008.1.2.4.81"
    JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
    JPEG_2000 = "1.2.840.10008.1.2.4.91"
    JPEG_XL_LOSSLESS = "1.2.840.10008.1.2.4.110"
    JPEG_XL_RECOMPRESSION = "1.2.840.10008.1.2.4.111"
    JPEG_XL = "1.2.840.10008.1.2.4.112"
    HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
    HTJ2K_LOSSLESS_RPCL = "1.2.840.10008.1.2.4.202"
    HTJ2K = "1.2.840.10008.1.2.4.203"
    RLE_LOSSLESS = "1.2.840.10008.1.2.5"

    @property
    def is_encapsulated(self) -> bool:
        """Whether frames are fragments of compressed data (PS3.5 A.4)."""
        return self is not TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN
