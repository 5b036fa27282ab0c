# SPDX-License-Identifier: Apache-2.0
"""How the frames of an instance are coded, from its attributes and from the first frame.

Where attributes and stream contradict each other, the stream is believed: its markers say how it
was made, and most readers (Pillow and with it wsidicom, pydicom for JFIF, browsers) obey them.
Photometric Interpretation decides for JPEG without a JFIF or Adobe marker. Both kinds of
contradiction are met: YCbCr with a JFIF marker called RGB, RGB with an Adobe marker called
YBR_FULL.

References
----------
PS3.3 C.7.6.3 (Image Pixel), C.7.6.1.1.5 (lossy compression), PS3.5 8.2 and A.4
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from dicomizer.dicom.part10 import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dicomizer.dicom.placeholders import UNKNOWN_RATIO, UNKNOWN_RATIO_TOLD
from dicomizer.dicom.schema.read_values import numbers, text, texts, whole
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import SourceError
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.format import PixelFormat
from dicomizer.slide import Coding, ColorSpace, Compression, LossyStep, SizePx
from dicomizer.sources.dicom_wsi.streams import StreamHeader, read_stream_header

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomizer.sources.dicom_wsi.series import WsiFile

_BASELINE = TransferSyntax.JPEG_BASELINE.value
_COMPRESSIONS = {
    IMPLICIT_VR_LITTLE_ENDIAN: Compression.NONE,
    EXPLICIT_VR_BIG_ENDIAN: Compression.NONE,
    TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN.value: Compression.NONE,
    _BASELINE: Compression.JPEG,
    "1.2.840.10008.1.2.4.51": Compression.JPEG,  # extended, up to 12 bits
    "1.2.840.10008.1.2.4.57": Compression.JPEG,  # lossless
    "1.2.840.10008.1.2.4.70": Compression.JPEG,  # lossless, first predictor
    TransferSyntax.JPEG_LS_LOSSLESS.value: Compression.JPEG_LS,
    TransferSyntax.JPEG_LS_NEAR_LOSSLESS.value: Compression.JPEG_LS,
    TransferSyntax.JPEG_2000_LOSSLESS.value: Compression.JPEG_2000,
    TransferSyntax.JPEG_2000.value: Compression.JPEG_2000,
    TransferSyntax.HTJ2K_LOSSLESS.value: Compression.HTJ2K,
    TransferSyntax.HTJ2K_LOSSLESS_RPCL.value: Compression.HTJ2K,
    TransferSyntax.HTJ2K.value: Compression.HTJ2K,
    TransferSyntax.JPEG_XL_LOSSLESS.value: Compression.JPEG_XL,
    TransferSyntax.JPEG_XL_RECOMPRESSION.value: Compression.JPEG_XL_OF_JPEG,
    TransferSyntax.JPEG_XL.value: Compression.JPEG_XL,
    TransferSyntax.RLE_LOSSLESS.value: Compression.RLE,
}
_MAY_LOSE = frozenset(
    syntax.value
    for syntax in (TransferSyntax.JPEG_2000, TransferSyntax.HTJ2K, TransferSyntax.JPEG_XL)
)
_METHODS = {
    Compression.JPEG: "ISO_10918_1",
    Compression.JPEG_LS: "ISO_14495_1",
    Compression.JPEG_2000: "ISO_15444_1",
    Compression.HTJ2K: "ISO_15444_15",
    Compression.JPEG_XL: "ISO_18181_1",
}
"""Defined terms of Lossy Image Compression Method."""
_PHOTOMETRIC = {
    1: ("MONOCHROME1", "MONOCHROME2"),
    3: ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "XYB"),
}
_WITHOUT_HEADER = (Compression.NONE, Compression.RLE)
_KNOW_YCBCR = (Compression.JPEG, Compression.JPEG_XL, Compression.JPEG_XL_OF_JPEG)


@dataclass(frozen=True, slots=True)
class StoredPixels:
    """How the pixels of an instance are stored.

    Parameters
    ----------
    compression
        Of the frames in the file.
    color_space
        Of the samples in them.
    pixel_format
        Of the pixels in them.
    bits_allocated
        8 or 16.
    is_inverted
        Whether 0 is white.
    is_planar
        Whether uncompressed samples come plane by plane.
    method, earlier
        As in `Coding`.
    stream_size
        Columns and rows that the first stream tells, where its coding is one that tells it.
    """

    compression: Compression
    color_space: ColorSpace
    pixel_format: PixelFormat
    transfer_syntax_uid: str
    bits_allocated: int
    is_inverted: bool
    is_planar: bool
    lossy: bool
    method: str | None
    earlier: tuple[LossyStep, ...]
    stream_size: SizePx | None

    @property
    def is_passed_through(self) -> bool:
        """Whether frames are yielded as they are stored."""
        if self.is_inverted:
            return False
        is_ycbcr = self.color_space is ColorSpace.YCBCR
        if self.compression in _WITHOUT_HEADER:
            is_full = self.bits_allocated == 8 * self.pixel_format.bytes_per_sample
            is_swapped = self.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN
            return is_full and not (is_ycbcr or self.is_planar or is_swapped)
        if self.compression is Compression.JPEG:
            return self.transfer_syntax_uid == _BASELINE
        # DICOM has no photometric interpretation for YCbCr in the others.
        return not is_ycbcr or self.compression in _KNOW_YCBCR

    def coding(self, coded_bytes: int) -> Coding:
        """Return how frames are yielded: as stored, or uncompressed."""
        coding = Coding(
            self.compression,
            self.color_space,
            self.lossy,
            coded_bytes,
            self.method,
            self.earlier,
        )
        return coding if self.is_passed_through else uncompressed(coding)


def uncompressed(coding: Coding) -> Coding:
    """Return the coding of the same pixels after decoding."""
    is_grey = coding.color_space is ColorSpace.MONOCHROME
    color_space = ColorSpace.MONOCHROME if is_grey else ColorSpace.RGB
    return replace(coding, compression=Compression.NONE, color_space=color_space)


def read_stored_pixels(file: WsiFile, frame: bytes) -> StoredPixels:
    """Tell how the pixels of an instance are stored.

    Parameters
    ----------
    frame
        The first one, or its beginning.

    Raises
    ------
    CorruptSourceError
        The frame is not of the kind that the transfer syntax says.
    SourceError
        The pixels are stored in a way that is not read, or no picture.
    """
    syntax = file.transfer_syntax_uid
    compression = _COMPRESSIONS.get(syntax)
    if compression is None:
        raise SourceError(
            f"found transfer syntax {syntax}, which is not read",
            file=file.path,
            remedy="convert it to another one with DCMTK or GDCM",
        )
    try:
        stream = read_stream_header(compression, frame)
    except CodecError as error:
        raise file.corrupt(error.problem, "frame 1") from error
    pixel_format, photometric = _pixel_format(file, stream)
    history = _history(file)
    loses = _loses(file, stream, history)
    method = _METHODS.get(compression) if loses else None
    if _says_lossy(file) and not history and method is None:
        history = (LossyStep(None, None),)
    return StoredPixels(
        compression=compression,
        color_space=_color_space(photometric, stream),
        pixel_format=pixel_format,
        transfer_syntax_uid=syntax,
        bits_allocated=whole(file.dataset, "BitsAllocated") or 8,
        is_inverted=photometric == "MONOCHROME1",
        is_planar=whole(file.dataset, "PlanarConfiguration") == 1 and pixel_format.samples > 1,
        lossy=loses or bool(history),
        method=method,
        earlier=_earlier(history, method),
        stream_size=stream.size if stream else None,
    )


def _pixel_format(file: WsiFile, stream: StreamHeader | None) -> tuple[PixelFormat, str]:
    """Return the format of the pixels, with the bits that the stream has, and their meaning."""
    dataset = file.dataset
    samples = whole(dataset, "SamplesPerPixel")
    photometric = text(dataset, "PhotometricInterpretation") or ""
    if samples is None or photometric not in _PHOTOMETRIC.get(samples, ()):
        raise SourceError(
            f"found {samples} samples of {photometric or 'unknown meaning'} for a pixel, "
            "expected grey, RGB or YBR",
            file=file.path,
            place="Photometric Interpretation",
        )
    allocated = whole(dataset, "BitsAllocated") or 0
    stored = whole(dataset, "BitsStored") or allocated
    bits = stream.bits if stream else stored
    is_shifted = whole(dataset, "HighBit") not in (None, stored - 1)
    if allocated not in (8, 16) or not 1 <= bits <= allocated or is_shifted or _is_signed(dataset):
        raise SourceError(
            f"found {bits} bits of {allocated}, signed or shifted, expected 1 to 16 unsigned ones",
            file=file.path,
            place="Bits Stored",
        )
    return PixelFormat(samples, bits), photometric


def _is_signed(dataset: Dataset) -> bool:
    return bool(whole(dataset, "PixelRepresentation"))


def _color_space(photometric: str, stream: StreamHeader | None) -> ColorSpace:
    if photometric.startswith("MONOCHROME"):
        return ColorSpace.MONOCHROME
    if stream is not None and stream.color_space is not None:
        return stream.color_space
    # YBR_ICT and YBR_RCT are of streams that say so.
    is_ycbcr = photometric.startswith("YBR_FULL")
    return ColorSpace.YCBCR if is_ycbcr else ColorSpace.RGB


def _says_lossy(file: WsiFile) -> bool:
    return text(file.dataset, "LossyImageCompression") == "01"


def _loses(file: WsiFile, stream: StreamHeader | None, history: tuple[LossyStep, ...]) -> bool:
    """Tell whether the stored coding itself lost something."""
    if stream is None or stream.loses is not None:
        return stream is not None and bool(stream.loses)
    if file.transfer_syntax_uid not in _MAY_LOSE:
        return False
    last = history[-1].method if history else None
    is_denied = text(file.dataset, "LossyImageCompression") == "00"
    return last in (None, _METHODS[_COMPRESSIONS[file.transfer_syntax_uid]]) and not is_denied


def _history(file: WsiFile) -> tuple[LossyStep, ...]:
    """Return the lossy compressions that the attributes tell, oldest first."""
    ratios = [
        ratio if ratio > 0 and not _is_placeholder(file, ratio) else None
        for ratio in numbers(file.dataset, "LossyImageCompressionRatio")
    ]
    methods = texts(file.dataset, "LossyImageCompressionMethod", "SH")
    return tuple(LossyStep(method, ratio) for ratio, method in zip_longest(ratios, methods))


def _is_placeholder(file: WsiFile, ratio: float) -> bool:
    """Tell whether a ratio is what this program writes for one that nobody knows."""
    told = text(file.dataset, "DerivationDescription", "UT") or ""
    return ratio == float(UNKNOWN_RATIO) and UNKNOWN_RATIO_TOLD in told


def _earlier(history: tuple[LossyStep, ...], method: str | None) -> tuple[LossyStep, ...]:
    """Return the history before the stored coding, whose ratio the stored size tells."""
    if history and method is not None and history[-1].method in (None, method):
        return history[:-1]
    return history


def contradiction(file: WsiFile, pixels: StoredPixels) -> str | None:
    """Tell where the stream was believed and not the attribute."""
    photometric = text(file.dataset, "PhotometricInterpretation") or ""
    if pixels.compression is not Compression.JPEG or photometric.startswith("MONOCHROME"):
        return None
    if (photometric == "RGB") == (pixels.color_space is ColorSpace.RGB):
        return None
    return (
        f"Photometric Interpretation is {photometric}, but markers in the JPEG streams say "
        f"{pixels.color_space.value}: the markers are believed"
    )
