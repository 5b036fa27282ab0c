# SPDX-License-Identifier: Apache-2.0
"""How the frames of an image are coded: kept as they are wherever DICOM knows their coding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.codecs.memory import most_pixels
from dicomizer.planning.plan import Route
from dicomizer.slide import ColorSpace, Compression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomizer.options import ConvertOptions
    from dicomizer.planning.levels import Level
    from dicomizer.planning.plan import InstancePlan
    from dicomizer.slide import SlideImage

_LOSSLESS = {
    Compression.NONE: TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN,
    Compression.JPEG_2000: TransferSyntax.JPEG_2000_LOSSLESS,
    Compression.HTJ2K: TransferSyntax.HTJ2K_LOSSLESS,
    Compression.JPEG_LS: TransferSyntax.JPEG_LS_LOSSLESS,
    Compression.JPEG_XL: TransferSyntax.JPEG_XL_LOSSLESS,
    Compression.RLE: TransferSyntax.RLE_LOSSLESS,
}
_LOSSY = {
    **_LOSSLESS,
    Compression.JPEG: TransferSyntax.JPEG_BASELINE,
    Compression.JPEG_2000: TransferSyntax.JPEG_2000,
    Compression.HTJ2K: TransferSyntax.HTJ2K,
    Compression.JPEG_LS: TransferSyntax.JPEG_LS_NEAR_LOSSLESS,
    Compression.JPEG_XL: TransferSyntax.JPEG_XL,
    Compression.JPEG_XL_OF_JPEG: TransferSyntax.JPEG_XL_RECOMPRESSION,
}
_PHOTOMETRIC = {
    ColorSpace.RGB: "RGB",
    # Stands for YCbCr of any chroma subsampling; what it is stands in the stream
    # (PS3.3 C.7.6.3.1.2, PS3.5 8.2.1).
    ColorSpace.YCBCR: "YBR_FULL_422",
    ColorSpace.ICT: "YBR_ICT",
    ColorSpace.RCT: "YBR_RCT",
    ColorSpace.XYB: "XYB",
    ColorSpace.MONOCHROME: "MONOCHROME2",
}
_STORED_AS = {
    Codec.JPEG: (Compression.JPEG,),
    Codec.JPEG_2000: (Compression.JPEG_2000,),
    Codec.HTJ2K: (Compression.HTJ2K,),
    Codec.JPEG_LS: (Compression.JPEG_LS,),
    Codec.JPEG_XL: (Compression.JPEG_XL, Compression.JPEG_XL_OF_JPEG),
    Codec.RLE: (Compression.RLE,),
    Codec.NONE: (Compression.NONE,),
}
_RECOMPRESSED = {
    (Compression.JPEG, Codec.JPEG_XL): TransferSyntax.JPEG_XL_RECOMPRESSION,
    (Compression.JPEG_XL_OF_JPEG, Codec.JPEG): TransferSyntax.JPEG_BASELINE,
}
_WITHOUT_DEPTH = (Compression.NONE, Compression.RLE)
"""Whose frames do not say themselves how many bits their samples have."""
_LARGEST_NATIVE = 0xFFFFFFFE
"""Pixel Data without compression has a length of 32 bits (PS3.5 7.1.2)."""


@dataclass(frozen=True, slots=True)
class FrameCoding:
    """How the frames of an instance are made and coded; as in `InstancePlan`."""

    route: Route
    transfer_syntax: TransferSyntax
    photometric_interpretation: str
    lossy_method: str | None = None
    codec: Codec = Codec.KEEP
    quality: int | None = None


def stored_transfer_syntax(image: SlideImage) -> TransferSyntax:
    """Return what the frames of a source are in DICOM's terms."""
    table = _LOSSY if image.coding.lossy else _LOSSLESS
    return table.get(image.coding.compression) or _LOSSY[image.coding.compression]


def level_coding(level: Level, stored: SlideImage, options: ConvertOptions) -> FrameCoding:
    """Decide how a level is coded.

    Parameters
    ----------
    stored
        What the file holds of ``level.source``, with its own tile size.

    Raises
    ------
    CodecError
        The codec that was asked for cannot code these pixels.
    """
    codec = _codec(stored, options)
    is_as_stored = level.halvings == 0 and level.image.tile_size == stored.tile_size
    if is_as_stored and options.quality is None:
        kept = _recompressed(stored, codec) or _kept(stored, codec)
        if kept is not None:
            return kept
    route = Route.TRANSCODE if level.halvings == 0 else Route.DERIVE
    coding = _coded(route, stored, codec, options.quality)
    if options.tile_size is not None:
        _check_fits(coding, level.image)
    return coding


def _check_fits(coding: FrameCoding, image: SlideImage) -> None:
    """Refuse tiles that are larger than can be coded within the memory that is promised.

    Those of a file, which nobody chose, are coded one at a time, whatever they take; see
    `size_notes`.
    """
    most = _most_pixels(coding, image)
    if image.tile_size.width * image.tile_size.height > most:
        edge = _fitting_edge(most)
        raise CodecError(
            f"frames of {image.tile_size} pixels take too much memory to code as "
            f"{coding.codec.value}, expected at most {edge} x {edge}",
            remedy=f"choose --tile-size {edge}, or another --codec",
        )


def _most_pixels(coding: FrameCoding | InstancePlan, image: SlideImage) -> int:
    quality = None if coding.lossy_method is None else coding.quality
    return most_pixels(coding.codec, quality, image.pixel_format)


def _fitting_edge(pixels: int) -> int:
    """Return the largest power of two whose square is not more."""
    return 1 << int(math.log2(pixels)) // 2


def coding_notes(stored: SlideImage, options: ConvertOptions) -> Iterator[str]:
    """Tell a user where a coding is another than what was asked for, or than what is stored."""
    if _codec(stored, options) is not options.codec:
        yield (
            "JPEG stored as RGB is kept as JPEG: recompressed, a JPEG XL reader would show it "
            "darker; --quality codes it anew as JPEG XL"
        )
    if _has_spare_bits(stored):
        bits, allocated = stored.pixel_format.bits, 8 * stored.pixel_format.bytes_per_sample
        yield (
            f"frames are stored with {bits} bits for a sample: coded anew with {allocated}, which "
            "DICOM demands of a slide"
        )


def size_notes(coding: InstancePlan) -> Iterator[str]:
    """Tell where the file's own tiles are so large that more memory is needed than promised."""
    image = coding.image
    if coding.route not in (Route.TRANSCODE, Route.DERIVE):
        return
    most = _most_pixels(coding, image)
    if image.tile_size.width * image.tile_size.height > most:
        yield (
            f"frames of {image.tile_size} pixels take much memory to code as "
            f"{coding.codec.value}: --tile-size {_fitting_edge(most)} takes less"
        )


def _codec(stored: SlideImage, options: ConvertOptions) -> Codec:
    """Return the codec that was asked for, unless it is recompression of JPEG stored as RGB.

    To such blocks' mean (the DC coefficient) libjxl adds JPEG's level shift of 1024, rounded down
    to a multiple of the quantiser; by an eighth of the rest, 3 levels on Aperio's slides, a JPEG XL
    reader shows them darker, though the JPEG stream comes back to the bit. YCbCr and grey stay as
    they are. Measured with libjxl 0.11.2.
    """
    is_rgb_jpeg = (stored.coding.compression, stored.coding.color_space) == (
        Compression.JPEG,
        ColorSpace.RGB,
    )
    is_recompression = options.codec is Codec.JPEG_XL and options.quality is None
    return Codec.KEEP if is_rgb_jpeg and is_recompression else options.codec


def kept_coding(image: SlideImage) -> FrameCoding:
    """Return the coding of an image whose frames stay as the source yields them."""
    return FrameCoding(
        Route.PASSTHROUGH,
        stored_transfer_syntax(image),
        _PHOTOMETRIC[image.coding.color_space],
    )


def _kept(image: SlideImage, codec: Codec) -> FrameCoding | None:
    compression = image.coding.compression
    if codec is Codec.KEEP:
        is_kept = compression is not Compression.NONE or _is_stored_plain(image)
    else:
        is_kept = compression in _STORED_AS[codec]
    return kept_coding(image) if is_kept and not _has_spare_bits(image) else None


def _has_spare_bits(image: SlideImage) -> bool:
    """Tell whether frames say themselves that samples have other than 8 or 16 bits.

    Bits Stored of a slide is 8 or 16 (PS3.3 C.8.12.4), and a stream's precision is equal to it
    (PS3.5 8.2.1 to 8.2.4, 8.2.15).
    """
    full = 8 * image.pixel_format.bytes_per_sample
    return image.coding.compression not in _WITHOUT_DEPTH and image.pixel_format.bits != full


def _is_stored_plain(image: SlideImage) -> bool:
    """Tell whether frames are uncompressed in the file itself, and few enough to stay so."""
    size = image.frame_bytes * image.number_of_frames
    # Strips and edge tiles are stored without what lies beyond the image.
    stored = image.size.width * image.size.height * image.planes * image.paths
    stored *= image.pixel_format.bytes_per_pixel
    return not image.coding.lossy and stored <= image.coding.coded_bytes and size <= _LARGEST_NATIVE


def _recompressed(image: SlideImage, codec: Codec) -> FrameCoding | None:
    syntax = _RECOMPRESSED.get((image.coding.compression, codec))
    if syntax is None:
        return None
    return FrameCoding(
        Route.RECOMPRESS, syntax, _PHOTOMETRIC[image.coding.color_space], codec=codec
    )


def _coded(route: Route, stored: SlideImage, codec: Codec, quality: int | None) -> FrameCoding:
    if quality is None and (stored.coding.compression, codec) in _RECOMPRESSED:
        return _as_recompressed(route, stored, codec)
    if codec is Codec.KEEP:
        codec, quality = _nearest(stored, quality)
    made = encoder(codec, stored.pixel_format, quality)
    return FrameCoding(
        route,
        made.transfer_syntax,
        made.photometric_interpretation,
        made.lossy_method,
        codec,
        quality,
    )


def _as_recompressed(route: Route, stored: SlideImage, codec: Codec) -> FrameCoding:
    """Return the coding of frames to be JPEG, and recompressed where those beside them are."""
    made = encoder(Codec.JPEG, stored.pixel_format, None)
    syntax = _RECOMPRESSED[stored.coding.compression, codec]
    photometric = made.photometric_interpretation
    return FrameCoding(route, syntax, photometric, made.lossy_method, codec)


def _nearest(image: SlideImage, quality: int | None) -> tuple[Codec, int | None]:
    """Return the codec for pixels that cannot be kept as stored.

    What was lossy is coded as JPEG, which every reader knows; what was lossless stays so.
    """
    if (image.coding.lossy or quality is not None) and image.pixel_format.bits == 8:
        return Codec.JPEG, quality
    return Codec.JPEG_2000, quality
