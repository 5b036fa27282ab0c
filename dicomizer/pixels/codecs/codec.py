# SPDX-License-Identifier: Apache-2.0
"""The codecs a user can choose, and what an encoder is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.dicom.transfer_syntax import TransferSyntax


class Codec(Enum):
    """How frames shall be coded."""

    KEEP = "keep"
    """As the source stores them; lossless anew where DICOM does not know their coding."""
    JPEG = "jpeg"
    JPEG_2000 = "jpeg2000"
    HTJ2K = "htj2k"
    JPEG_LS = "jpegls"
    JPEG_XL = "jxl"
    RLE = "rle"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Encoder:
    """A codec with its settings, ready to code frames.

    Parameters
    ----------
    photometric_interpretation
        Of the coded frames, for an instance's header.
    lossy_method
        Defined term of Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1); ``None`` where
        nothing is lost.
    encode
        Takes ``(rows, columns, samples)``, uint8 or uint16; releases the GIL while it works. Raises
        `EncodingError`.
    """

    transfer_syntax: TransferSyntax
    photometric_interpretation: str
    lossy_method: str | None
    encode: Callable[[NDArray[np.uint8] | NDArray[np.uint16]], bytes]
