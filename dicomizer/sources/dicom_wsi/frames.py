# SPDX-License-Identifier: Apache-2.0
"""The frames of an image: stored bytes passed through, decoded, or composed to one."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs import jpeg2000
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.codecs.frame_shape import FrameShape
from dicomizer.slide import Compression
from dicomizer.sources.dicom_wsi.decoding import decode_frame
from dicomizer.sources.dicom_wsi.jpeg_frames import JpegFrames
from dicomizer.sources.dicom_wsi.places import MISSING
from dicomizer.sources.dicom_wsi.stored import read_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from dicomizer.sources.base import Frame
    from dicomizer.sources.dicom_wsi.decoding import Pixels
    from dicomizer.sources.dicom_wsi.images import WsiImage

_CHUNK = 4096
"""Frames whose places are looked up at once."""
_CODESTREAM_HEADER = 1 << 16
"""Bytes within which the main header ends, comments and all."""
_BASELINE = TransferSyntax.JPEG_BASELINE.value


def image_frames(wsi: WsiImage, indices: Sequence[int] | None) -> Iterator[list[Frame]]:
    """Yield frames of an image in batches, coded as its coding says.

    Raises
    ------
    SourceError
        A file cannot be read, or a frame is damaged.
    """
    if wsi.is_composed:
        wanted = 1 if indices is None else len(indices)
        yield [(_composed(wsi),)] * wanted
        return
    make = _maker(wsi)
    if wsi.pixels.is_passed_through:
        for batch in _batches(wsi, indices):
            yield [() if stored is None else make(index, stored) for index, stored in batch]
        return
    for index, stored in _each(wsi, indices):
        # One by one, as decoded frames are larger than their batch.
        yield [() if stored is None else (_decoded(wsi, index, make(index, stored)).tobytes(),)]


def _maker(wsi: WsiImage) -> Callable[[int, memoryview], Frame]:
    """Return what makes of a stored frame one that any decoder reads alike."""
    pixels = wsi.pixels
    make: Callable[[memoryview], Frame] = lambda stored: (stored,)  # noqa: E731
    if pixels.compression is Compression.JPEG and pixels.transfer_syntax_uid == _BASELINE:
        make = JpegFrames(pixels, wsi.tile_size).frame
    elif pixels.compression in (Compression.JPEG_2000, Compression.HTJ2K):
        make = partial(_codestream, wsi)

    def checked(index: int, stored: memoryview) -> Frame:
        try:
            return make(stored)
        except CodecError as error:
            raise _corrupt(wsi, index, error.problem) from error

    return checked


def _codestream(wsi: WsiImage, stored: memoryview) -> Frame:
    """Return a codestream without the boxes of a file format, which do not belong in a frame."""
    tile = wsi.tile_size
    codestream = jpeg2000.codestream(stored)
    header = jpeg2000.read_codestream_header(codestream[:_CODESTREAM_HEADER])
    jpeg2000.check_shape(header, FrameShape(tile.height, tile.width, wsi.pixels.pixel_format))
    return (codestream,)


def _each(wsi: WsiImage, indices: Sequence[int] | None) -> Iterator[tuple[int, memoryview | None]]:
    for batch in _batches(wsi, indices):
        yield from batch


def _batches(
    wsi: WsiImage, indices: Sequence[int] | None
) -> Iterator[list[tuple[int, memoryview | None]]]:
    """Yield batches of index and stored bytes; ``None`` for frames that the file does not hold."""
    wanted = range(len(wsi.places)) if indices is None else indices
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        numbers = wsi.places[np.asarray(chunk, dtype=np.int64)]
        pairs = zip(chunk, numbers.tolist(), strict=True)
        for is_missing, group in groupby(pairs, key=lambda pair: pair[1] == MISSING):
            yield from _run(wsi, list(group), is_missing=is_missing)


def _run(
    wsi: WsiImage, group: list[tuple[int, int]], *, is_missing: bool
) -> Iterator[list[tuple[int, memoryview | None]]]:
    if is_missing:
        yield [(index, None) for index, _ in group]
        return
    waiting = iter(group)
    for views in read_frames(wsi.parts, _locations(wsi, [number for _, number in group])):
        yield [(next(waiting)[0], view) for view in views]


def _locations(wsi: WsiImage, numbers: list[int]) -> list[tuple[int, int]]:
    """Return the part, and the frame in it, for numbers that count on over all parts."""
    starts = np.cumsum([0, *(len(part.index) for part in wsi.parts)])
    counted = np.asarray(numbers, dtype=np.int64)
    parts: NDArray[np.int64] = np.searchsorted(starts, counted, side="right") - 1
    return list(zip(parts.tolist(), (counted - starts[parts]).tolist(), strict=True))


def _decoded(wsi: WsiImage, index: int, frame: Frame) -> Pixels:
    try:
        return decode_frame(b"".join(frame), wsi.pixels, wsi.tile_size)
    except CodecError as error:
        raise _corrupt(wsi, index, error.problem) from error


def _composed(wsi: WsiImage) -> bytes:
    """Return the pixels of all tiles, joined and cut to the size of the image."""
    image, tile = wsi.image, wsi.tile_size
    shape = (image.size.height, image.size.width, image.pixel_format.samples)
    pixels = np.empty(shape, image.pixel_format.dtype)
    columns = -(-image.size.width // tile.width)
    make = _maker(wsi)
    for index, stored in _each(wsi, None):
        assert stored is not None  # else the image would have been left out
        row, column = divmod(index, columns)
        y, x = row * tile.height, column * tile.width
        area = pixels[y : y + tile.height, x : x + tile.width]
        area[...] = _decoded(wsi, index, make(index, stored))[: area.shape[0], : area.shape[1]]
    return pixels.tobytes()


def _corrupt(wsi: WsiImage, frame: int, problem: str) -> CorruptSourceError:
    return CorruptSourceError(
        problem,
        file=wsi.parts[0].file.path,
        place=f"frame {frame + 1}",
        remedy="the file is damaged; get it again",
    )
