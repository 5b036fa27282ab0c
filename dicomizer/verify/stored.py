# SPDX-License-Identifier: Apache-2.0
"""The frames of an image of the DICOM: the bytes as they stand in the file, and their pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.slide import Compression
from dicomizer.sources.dicom_wsi.decoding import decode_frame
from dicomizer.sources.dicom_wsi.frames import image_frames
from dicomizer.sources.dicom_wsi.jpeg_frames import JpegFrames
from dicomizer.sources.dicom_wsi.places import MISSING
from dicomizer.sources.dicom_wsi.stored import read_frames
from dicomizer.sources.dicom_wsi.streams import read_stream_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.sources.dicom_wsi.images import WsiImage


class DicomFrames:
    """Frames of an image, by their index as the slide counts them."""

    def __init__(self, wsi: WsiImage) -> None:
        self._wsi = wsi
        self._starts = np.cumsum([0, *(len(part.index) for part in wsi.parts)])

    def raw(self, indices: Sequence[int]) -> Iterator[bytes | None]:
        """Yield the stored bytes of frames; ``None`` for one that no file holds."""
        if self._wsi.is_composed:
            yield from (b"".join(*batch) for batch in image_frames(self._wsi, indices))
            return
        numbers = self._wsi.places[np.asarray(indices, dtype=np.int64)]
        held = numbers[numbers != MISSING]
        parts = np.searchsorted(self._starts, held, side="right") - 1
        places = zip(parts.tolist(), (held - self._starts[parts]).tolist(), strict=True)
        batches = read_frames(self._wsi.parts, list(places))
        stored = (bytes(view) for batch in batches for view in batch)
        for number in numbers:
            yield None if number == MISSING else next(stored)

    def pixels(self, stored: bytes) -> Pixels:
        """Return the pixels of a frame, ``(rows, columns, samples)``; grey or RGB.

        Raises
        ------
        CodecError
            It is damaged, or not of the size that the attributes tell.
        """
        wsi = self._wsi
        if wsi.is_composed:
            size, pixel_format = wsi.image.size, wsi.image.pixel_format
            shape = (size.height, size.width, pixel_format.samples)
            return np.frombuffer(stored, pixel_format.dtype).reshape(shape)
        if wsi.pixels.compression is Compression.JPEG and wsi.pixels.is_passed_through:
            stored = self._completed(stored)
        try:
            return decode_frame(stored, wsi.pixels, wsi.tile_size)
        except ValueError as error:  # numpy on frames of another length
            raise CodecError(str(error)) from error

    def _completed(self, stored: bytes) -> bytes:
        """Return a JPEG stream with the colours that its own markers tell, or else the attribute.

        Only the first frame speaks for all of an image, which does not make them alike.
        """
        pixels = self._wsi.pixels
        header = read_stream_header(Compression.JPEG, stored)
        told = header.color_space if header else None
        pixels = replace(pixels, color_space=told or pixels.color_space)
        return b"".join(JpegFrames(pixels, self._wsi.tile_size).frame(memoryview(stored)))
