# SPDX-License-Identifier: Apache-2.0
"""What can be made of which transfer syntax."""

from __future__ import annotations

from dicomizer.dicom.part10 import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.stored_frames import is_known

UNCOMPRESSED = TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN.value
JPEG_BASELINE = TransferSyntax.JPEG_BASELINE.value
_DEFLATED = "1.2.840.10008.1.2.1.99"
_NATIVE = frozenset((IMPLICIT_VR_LITTLE_ENDIAN, UNCOMPRESSED, EXPLICIT_VR_BIG_ENDIAN, _DEFLATED))


def is_decodable(transfer_syntax_uid: str) -> bool:
    """Tell whether what is stored in a transfer syntax can be had in others.

    What is deflated cannot: its pixels are only to be had by inflating all.
    """
    return is_known(transfer_syntax_uid) and transfer_syntax_uid != _DEFLATED


def sent_syntax(transfer_syntax_uid: str) -> str:
    """Return the transfer syntax that stored frames are sent as.

    Without a header around them, frames of Implicit VR Little Endian are those of Explicit VR;
    the former is not to be used in web services (PS3.18 8.7.3).
    """
    if transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN:
        return UNCOMPRESSED
    return transfer_syntax_uid


def is_encapsulated(transfer_syntax_uid: str) -> bool:
    """Tell whether pixels of a transfer syntax are frames in items (PS3.5 A.4)."""
    return transfer_syntax_uid not in _NATIVE
