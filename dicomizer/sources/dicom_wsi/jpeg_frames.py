# SPDX-License-Identifier: Apache-2.0
"""Stored JPEG frames as streams whose colours every decoder reads alike, with the same scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.slide import ColorSpace

if TYPE_CHECKING:
    from dicomizer.slide import SizePx
    from dicomizer.sources.base import Frame
    from dicomizer.sources.dicom_wsi.coding import StoredPixels


class JpegFrames:
    """Makes the frames of one image.

    Almost all of them begin with the same header, so the new one is made once for each that
    differs, and recognising it checks the frame at the price of a comparison.
    """

    def __init__(self, pixels: StoredPixels, tile: SizePx) -> None:
        self._samples = pixels.pixel_format.samples
        self._ycbcr = pixels.color_space is ColorSpace.YCBCR
        self._tile = tile
        self._headers: dict[bytes, bytes] = {}
        self._known_length = 0

    def frame(self, stored: memoryview) -> Frame:
        """Return the frame for a stored one, without the padding behind its end.

        Raises
        ------
        CodecError
            The stream is cut, no baseline JPEG, or of another size.
        """
        length = self._known_length
        header = self._headers.get(bytes(stored[:length]))
        if header is None:
            length, header = self._new_header(stored)
        end = jpeg.end_of_image(stored, length)
        if end is None:
            raise CodecError("the JPEG stream has no end (EOI)")
        return header, stored[length:end]

    def _new_header(self, stored: memoryview) -> tuple[int, bytes]:
        try:
            found = jpeg.read_header(stored)
            self._check(found.frame)
            header = jpeg.complete_header((), found, ycbcr=self._ycbcr)
        except jpeg.JpegError as error:
            raise CodecError(str(error)) from error
        self._headers[bytes(stored[: found.length])] = header
        self._known_length = found.length
        return found.length, header

    def _check(self, frame: jpeg.JpegFrame) -> None:
        found = (frame.width, frame.height, len(frame.sampling))
        expected = (self._tile.width, self._tile.height, self._samples)
        if found != expected or not frame.is_baseline:
            raise CodecError(
                f"found JPEG process {frame.process - 0xC0} of {frame.width} x {frame.height} "
                f"pixels, {len(frame.sampling)} samples of {frame.precision} bits; "
                f"expected baseline, {self._tile}, {self._samples} samples of 8 bits"
            )
