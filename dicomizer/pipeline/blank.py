# SPDX-License-Identifier: Apache-2.0
"""Frames of nothing but background, for readers that know only complete tilings.

They are coded by the codec and in the colour space of the frames beside them, which may be those
of a scanner and not what our encoders would choose. An even surface takes few bytes however finely
it is coded, and our encoders code it as finely as they can, so that none of them needs a quality.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.format import RGB_8
from dicomizer.slide import Illumination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from dicomizer.pixels.format import PixelFormat
    from dicomizer.planning import InstancePlan
    from dicomizer.slide import Scan, SlideImage
    from dicomizer.sources.base import Frame

    Pixels = NDArray[np.unsignedinteger]
    Background = int | tuple[int, int, int]
    """Of all samples of a pixel, or of each."""

_QUALITY = 90
_CODECS = {
    TransferSyntax.JPEG_BASELINE: Codec.JPEG,
    TransferSyntax.JPEG_XL_RECOMPRESSION: Codec.JPEG,
    TransferSyntax.JPEG_2000_LOSSLESS: Codec.JPEG_2000,
    TransferSyntax.JPEG_2000: Codec.JPEG_2000,
    TransferSyntax.HTJ2K_LOSSLESS: Codec.HTJ2K,
    TransferSyntax.HTJ2K: Codec.HTJ2K,
    TransferSyntax.JPEG_LS_LOSSLESS: Codec.JPEG_LS,
    TransferSyntax.JPEG_LS_NEAR_LOSSLESS: Codec.JPEG_LS,
    TransferSyntax.JPEG_XL_LOSSLESS: Codec.JPEG_XL,
    TransferSyntax.JPEG_XL: Codec.JPEG_XL,
    TransferSyntax.RLE_LOSSLESS: Codec.RLE,
    TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN: Codec.NONE,
}


def background(image: SlideImage, scan: Scan, layer: int) -> Background:
    """Return the value of samples where nothing was scanned: empty glass, or no light.

    The colour that a slide tells goes before both.

    Parameters
    ----------
    image
        Of the scan.
    layer
        A focal plane of an optical path, planes fastest.
    """
    path = scan.optical_paths[layer // image.planes]
    is_dark = path.illumination is Illumination.FLUORESCENCE
    if scan.background is not None and image.pixel_format == RGB_8:
        return scan.background
    return 0 if is_dark else (1 << image.pixel_format.bits) - 1


class Blanks:
    """The frames of background of an instance, which optical paths may have different ones of.

    Raises
    ------
    CodecError
        No encoder writes these pixels in this transfer syntax.
    """

    def __init__(self, instance: InstancePlan) -> None:
        image = instance.image
        layers = range(image.planes * image.paths)
        self._values = tuple(background(image, instance.scan, layer) for layer in layers)
        self._frames = {value: _blank_frame(instance, value) for value in set(self._values)}
        self._tiles = image.number_of_tiles

    def frame(self, layer: int) -> bytes:
        """Return the frame of a focal plane of an optical path, planes fastest."""
        return self._frames[self._values[layer]]

    def fill(self, batches: Iterable[list[Frame]], first: int = 0) -> Iterator[list[Frame]]:
        """Yield all frames of the instance, with background in the place of empty ones.

        Parameters
        ----------
        first
            Number of the first frame that comes.
        """
        index = first
        for batch in batches:
            yield [
                frame if frame and len(frame[0]) else (self.frame(number // self._tiles),)
                for number, frame in enumerate(batch, start=index)
            ]
            index += len(batch)


def _blank_frame(instance: InstancePlan, value: Background) -> bytes:
    """Return a frame of one colour, coded as the others of the instance."""
    image = instance.image
    shape = (image.tile_size.height, image.tile_size.width, image.pixel_format.samples)
    pixels = np.full(shape, value, dtype=image.pixel_format.dtype)
    try:
        return coded_as(
            pixels,
            instance.transfer_syntax,
            instance.photometric_interpretation,
            image.pixel_format,
        )
    except CodecError as error:
        error.place = error.place or instance.file_name
        error.remedy = error.remedy or "leave out --fill-missing, or choose another --codec"
        raise


def coded_as(
    pixels: Pixels, syntax: TransferSyntax, photometric: str, pixel_format: PixelFormat
) -> bytes:
    """Return a frame like those that are there already, whoever coded them.

    Raises
    ------
    CodecError
        No encoder writes these pixels so.
    """
    frame = _coded(pixels, _CODECS[syntax], photometric, pixel_format)
    if syntax is not TransferSyntax.JPEG_XL_RECOMPRESSION:
        return frame
    from dicomizer.pixels.codecs.jpegxl import recompress

    return recompress(frame)


def _coded(pixels: Pixels, codec: Codec, wanted: str, pixel_format: PixelFormat) -> bytes:
    """Code by an encoder of ours if one has the colour space, else by one made for that."""
    for quality in (None, _QUALITY):
        made = encoder(codec, pixel_format, quality)
        if made.photometric_interpretation == wanted:
            return made.encode(pixels)
    other = _OTHERS.get((codec, wanted))
    if other is None:
        raise CodecError(f"no frames can be made as {wanted} in {codec.value}")
    return other(pixels, pixel_format)


def _rgb_jpeg(pixels: Pixels, _: PixelFormat) -> bytes:
    """Return a JPEG stream without colour transform, as an Adobe marker in it says."""
    import imagecodecs

    return bytes(imagecodecs.jpeg8_encode(pixels, _QUALITY, colorspace="rgb", outcolorspace="rgb"))


def _rgb_jpeg_2000(pixels: Pixels, pixel_format: PixelFormat) -> bytes:
    """Return a codestream without component transform."""
    import imagecodecs

    return bytes(
        imagecodecs.jpeg2k_encode(
            pixels,
            codecformat="j2k",
            reversible=True,
            mct=False,
            bitspersample=pixel_format.bits,
            numthreads=1,
        )
    )


def _rgb_htj2k(pixels: Pixels, _: PixelFormat) -> bytes:
    """Return a codestream without component transform."""
    import imagecodecs

    return bytes(imagecodecs.htj2k_encode(pixels, reversible=True, rgb=False))


def _ycbcr_jpeg_xl(pixels: Pixels, pixel_format: PixelFormat) -> bytes:
    """Return JPEG XL in YCbCr, which only that made of JPEG is."""
    from dicomizer.pixels.codecs.jpegxl import recompress

    return recompress(encoder(Codec.JPEG, pixel_format, None).encode(pixels))


_OTHERS: dict[tuple[Codec, str], Callable[[Pixels, PixelFormat], bytes]] = {
    (Codec.JPEG, "RGB"): _rgb_jpeg,
    (Codec.JPEG_2000, "RGB"): _rgb_jpeg_2000,
    (Codec.HTJ2K, "RGB"): _rgb_htj2k,
    (Codec.JPEG_XL, "YBR_FULL_422"): _ycbcr_jpeg_xl,
}
"""What scanners and other programs write, and our encoders would not choose."""
