# SPDX-License-Identifier: Apache-2.0
"""How frames are coded anew without loss, or why they stay as they are.

JPEG becomes JPEG XL that gives back the identical JPEG stream. It does not become HTJ2K: its
pixels, stored without loss, take several times the room, and the stream that the scanner made
would be gone. What else is coded with loss stays for the same reason. Samples that were stored
without loss are decoded and coded anew, where the attributes describe what the new stream has:
all bits that are allocated, unsigned, grey, palette values or RGB.

References
----------
PS3.5 8.2.4, 8.2.14 and 8.2.15 (what attributes say of JPEG 2000, HTJ2K and JPEG XL), PS3.3
C.8.12.4.1.5 (Photometric Interpretation of slides)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.dicom.part10 import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import DicomizerError
from dicomizer.pixels.codecs import jpegxl
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.errors import EncodingError
from dicomizer.pixels.format import PixelFormat
from dicomizer.pixels.stored_frames import decode_stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomizer.pixels.stored_frames import PixelDescription


class UnfitError(DicomizerError):
    """The instance cannot be recompressed without loss, or need not be; it stays as it is."""


class Target(Enum):
    """What pixels can be recompressed to."""

    HTJ2K = "htj2k"
    JPEG_XL = "jpegxl"


@dataclass(frozen=True, slots=True)
class Way:
    """How the frames of an instance are coded anew.

    Parameters
    ----------
    photometric_interpretation
        Of the coded frames.
    recode
        Takes a frame as it is stored, not empty, and returns the new one. Raises `CodecError`
        where it is damaged, `UnfitError` where it cannot be coded so.
    restore
        Gives back the bytes that a frame was made of; ``None`` where only its pixels are the same.
    """

    transfer_syntax: TransferSyntax
    photometric_interpretation: str
    recode: Callable[[bytes], bytes]
    restore: Callable[[bytes], bytes] | None = None


_DONE = {
    Target.HTJ2K: (TransferSyntax.HTJ2K_LOSSLESS, TransferSyntax.HTJ2K_LOSSLESS_RPCL),
    Target.JPEG_XL: (TransferSyntax.JPEG_XL_LOSSLESS, TransferSyntax.JPEG_XL_RECOMPRESSION),
}
_CODECS = {Target.HTJ2K: Codec.HTJ2K, Target.JPEG_XL: Codec.JPEG_XL}
_LOSSLESS_JPEG = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
_LOSSLESS = frozenset(
    (
        IMPLICIT_VR_LITTLE_ENDIAN,
        TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN.value,
        TransferSyntax.RLE_LOSSLESS.value,
        TransferSyntax.JPEG_LS_LOSSLESS.value,
        TransferSyntax.JPEG_2000_LOSSLESS.value,
        TransferSyntax.HTJ2K_LOSSLESS.value,
        TransferSyntax.HTJ2K_LOSSLESS_RPCL.value,
        TransferSyntax.JPEG_XL_LOSSLESS.value,
        *_LOSSLESS_JPEG,
    )
)
_LOSSY = frozenset(
    (
        TransferSyntax.JPEG_BASELINE.value,
        "1.2.840.10008.1.2.4.51",  # JPEG extended
        TransferSyntax.JPEG_LS_NEAR_LOSSLESS.value,
        TransferSyntax.JPEG_2000.value,
        TransferSyntax.HTJ2K.value,
        TransferSyntax.JPEG_XL.value,
        TransferSyntax.JPEG_XL_RECOMPRESSION.value,
    )
)
_DEFLATED = "1.2.840.10008.1.2.1.99"
_NAMES = {Target.HTJ2K: "HTJ2K", Target.JPEG_XL: "JPEG XL"}


def check_syntax(transfer_syntax_uid: str, target: Target) -> None:
    """Make sure that what is stored in a transfer syntax may be recompressed.

    Raises
    ------
    UnfitError
        It may not.
    """
    name = _NAMES[target]
    if transfer_syntax_uid in (syntax.value for syntax in _DONE[target]):
        raise UnfitError(f"it is {name} already")
    if _is_jpeg_to_jpeg_xl(transfer_syntax_uid, target):
        return
    if transfer_syntax_uid in _LOSSY:
        raise UnfitError(f"it is coded with loss; its pixels as {name} would take more room")
    if transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN:
        raise UnfitError("it is in big endian, which is retired; all its words would be turned")
    if transfer_syntax_uid == _DEFLATED:
        raise UnfitError("it is deflated as a whole; its frames cannot be had one by one")
    if transfer_syntax_uid not in _LOSSLESS:
        raise UnfitError(f"its transfer syntax {transfer_syntax_uid[:64]} is not recompressed")


def choose(description: PixelDescription, target: Target) -> Way:
    """Return how the frames of an instance are coded anew.

    Parameters
    ----------
    description
        Of its pixels, in a transfer syntax that `check_syntax` has let pass.

    Raises
    ------
    UnfitError
        Its pixels are of a kind that the codec would not give back as they are.
    """
    if _is_jpeg_to_jpeg_xl(description.transfer_syntax_uid, target):
        return Way(
            TransferSyntax.JPEG_XL_RECOMPRESSION,
            description.photometric_interpretation,
            _recompressing(description),
            jpegxl.restore,
        )
    _check_samples(description, target)
    from dicomizer.pixels.codecs.encode import encoder

    pixel_format = PixelFormat(description.samples, description.bits_allocated)
    made = encoder(_CODECS[target], pixel_format, None)
    is_color = description.samples > 1
    told = made.photometric_interpretation if is_color else description.photometric_interpretation

    def recode(stream: bytes) -> bytes:
        pixels = decode_stored(stream, description)
        try:
            return made.encode(pixels.astype(pixel_format.dtype, copy=False))
        except EncodingError as error:
            raise UnfitError(error.problem) from error

    return Way(made.transfer_syntax, told, recode)


def _is_jpeg_to_jpeg_xl(transfer_syntax_uid: str, target: Target) -> bool:
    is_jpeg = transfer_syntax_uid == TransferSyntax.JPEG_BASELINE.value
    return is_jpeg and target is Target.JPEG_XL


def _recompressing(description: PixelDescription) -> Callable[[bytes], bytes]:
    def recode(stream: bytes) -> bytes:
        try:
            return jpegxl.recompress(stream)
        except EncodingError as error:
            decode_stored(stream, description)  # raises where the stream is damaged
            raise UnfitError(error.problem) from error

    return recode


def _check_samples(description: PixelDescription, target: Target) -> None:
    stored, allocated = description.bits_stored, description.bits_allocated
    if (stored, description.high_bit) != (allocated, allocated - 1) or allocated not in (8, 16):
        raise UnfitError(
            f"its samples have {stored} bits of {allocated}; 8 of 8 and 16 of 16 are recompressed"
        )
    if description.is_signed:
        raise UnfitError("its samples are signed")
    photometric = description.photometric_interpretation
    if description.samples > 1 and (
        description.is_ybr or description.transfer_syntax_uid in _LOSSLESS_JPEG
    ):
        raise UnfitError(f"its colours are {photometric}; another codec would turn them to RGB")
    if photometric == "PALETTE COLOR" and target is Target.JPEG_XL:
        raise UnfitError("DICOM has no palette colours in JPEG XL")
