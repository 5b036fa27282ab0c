# SPDX-License-Identifier: Apache-2.0
"""Frames kept as they are stored, for files whose tiles they become."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import CorruptSourceError, TargetError
from dicomizer.export.coding import is_jpeg
from dicomizer.export.passes import mapped
from dicomizer.pipeline.blank import background
from dicomizer.pixels.codecs import jpeg, jpegxl
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.decode import decode
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.slide import ColorSpace, Compression

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.export.selection import View
    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.sources.base import SlideSource

_AT_ONCE = 16
"""JPEG XL streams given to a thread together."""
_EXACT_QUALITY = 100
"""Of JPEG, at which an even surface keeps its value."""


class KeptFrames:
    """The frames of an image as files of their own coding have them.

    JPEG XL made of JPEG gives the JPEG stream back; missing frames are background.

    Parameters
    ----------
    is_alike
        Whether the chroma of all JPEG frames must be sampled alike.
    """

    def __init__(
        self, source: SlideSource, view: View, threads: int, *, is_alike: bool = True
    ) -> None:
        self._is_alike = is_alike
        self._source = source
        self._view = view
        self._threads = threads
        self._is_restored = view.image.coding.compression is Compression.JPEG_XL_OF_JPEG
        self._sampling: tuple[tuple[int, int], ...] = ()
        self._blanks: dict[tuple[int, ...], bytes] = {}

    def first(self) -> bytes:
        """Return the first frame that is not all of one colour, else the first that is there.

        Frames of one colour may have been made to fill gaps, and be sampled otherwise.
        """
        image = self._view.image
        present = [i for i in range(image.number_of_frames) if i not in image.missing]
        first = b""
        for frame in self._present(present):
            if frame != first and not (is_jpeg(image) and self._color(frame)):
                return frame
            first = first or frame
        return first

    def frames(self, indices: Sequence[int]) -> Iterator[tuple[bytes, bool]]:
        """Yield frames in the order asked for, and whether they are of one colour made here.

        Raises
        ------
        SourceError
            A frame cannot be read, or no JPEG stream be restored from it.
        TargetError
            JPEG frames differ in what a directory of TIFF tells for all of them.
        """
        image = self._view.image
        if is_jpeg(image) and not self._sampling:
            self._sampling = _sampling(self.first())
        present = self._present([index for index in indices if index not in image.missing])
        for index in indices:
            if index in image.missing:
                yield self._blank(index), True
            else:
                yield self._checked(index, next(present))

    def _present(self, indices: list[int]) -> Iterator[bytes]:
        batches = self._source.frames(self._view.image, indices)
        if not self._is_restored:
            yield from (b"".join(frame) for batch in batches for frame in batch)
            return
        waiting = iter(indices)
        tasks = ([(next(waiting), b"".join(frame)) for frame in batch] for batch in batches)
        pieces = (
            task[at : at + _AT_ONCE] for task in tasks for at in range(0, len(task), _AT_ONCE)
        )
        with ThreadPoolExecutor(self._threads, "restore") as pool:
            for streams in mapped(pool, self._restored, pieces, 2 * self._threads):
                yield from streams

    def _restored(self, frames: list[tuple[int, bytes]]) -> list[bytes]:
        streams = []
        for index, frame in frames:
            try:
                streams.append(jpegxl.restore(frame))
            except CodecError as error:
                raise CorruptSourceError(
                    error.problem,
                    file=self._source.slide.path,
                    place=f"{self._view.image.key}, frame {index + 1}",
                    remedy="choose --codec deflate, which needs the pixels only",
                ) from error
        return streams

    def _checked(self, index: int, frame: bytes) -> tuple[bytes, bool]:
        """Return a JPEG frame of the sampling of the first, or one that has the same pixels."""
        if not (self._is_alike and is_jpeg(self._view.image)) or _sampling(frame) == self._sampling:
            return frame, False
        image = self._view.image
        color = self._color(frame)
        if color is not None and self._color(even := self._even(color)) == color:
            return even, True
        raise TargetError(
            f"its chroma has sampling factors {_sampling(frame)}, frame 1 {self._sampling}, and a "
            "TIFF tells one for all",
            file=self._source.slide.path,
            place=f"{image.key}, frame {index + 1}",
            remedy="choose --codec deflate or jpeg",
        )

    def _color(self, stream: bytes) -> tuple[int, ...] | None:
        """Return the colour of a JPEG stream that has one only; ``None`` for a damaged one too."""
        image, tile = self._view.image, self._view.image.tile_size
        size = {"rows": tile.height, "columns": tile.width}
        try:
            pixels = decode(stream, TransferSyntax.JPEG_BASELINE, image.pixel_format, **size)
        except CodecError:
            return None
        is_even = bool((pixels == pixels[:1, :1]).all())
        return tuple(pixels[0, 0].tolist()) if is_even else None

    def _blank(self, index: int) -> bytes:
        image = self._view.image
        value = background(image, self._view.scan, index // image.number_of_tiles)
        told = value if isinstance(value, tuple) else (value,) * image.pixel_format.samples
        return self._even(told)

    def _even(self, color: tuple[int, ...]) -> bytes:
        """Return a frame of one colour, coded as the others."""
        if color not in self._blanks:
            image, tile = self._view.image, self._view.image.tile_size
            shape = (tile.height, tile.width, image.pixel_format.samples)
            pixels = np.full(shape, color, image.pixel_format.dtype)
            self._blanks[color] = self._coded(pixels)
        return self._blanks[color]

    def _coded(self, pixels: Pixels) -> bytes:
        image = self._view.image
        if is_jpeg(image):
            return _even_jpeg(pixels, image.coding.color_space, self._sampling)
        codec = Codec.NONE if image.coding.compression is Compression.NONE else Codec.JPEG_2000
        return encoder(codec, image.pixel_format, None).encode(pixels)


def _sampling(stream: bytes) -> tuple[tuple[int, int], ...]:
    """Return the horizontal and vertical factors of each component."""
    found = jpeg.read_header(stream).frame.sampling if stream else ()
    return tuple((horizontal, vertical) for _, horizontal, vertical in found)


def _even_jpeg(
    pixels: Pixels, color_space: ColorSpace, sampling: tuple[tuple[int, int], ...]
) -> bytes:
    import imagecodecs

    if color_space is ColorSpace.MONOCHROME:
        return bytes(imagecodecs.jpeg8_encode(pixels[..., 0], _EXACT_QUALITY))
    if color_space is ColorSpace.RGB:
        return bytes(
            imagecodecs.jpeg8_encode(pixels, _EXACT_QUALITY, colorspace="rgb", outcolorspace="rgb")
        )
    return bytes(imagecodecs.jpeg8_encode(pixels, _EXACT_QUALITY, subsampling=sampling[0]))
