# SPDX-License-Identifier: Apache-2.0
"""A flat image decoded as a whole, and cut into tiles of plain pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from dicomizer.errors import CorruptSourceError
from dicomizer.sources.flat.header import JPEG_2000, FlatHeader, open_image

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeAlias

    from numpy.typing import NDArray
    from PIL import Image

    from dicomizer.slide import SizePx

    Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]


class FlatPixels:
    """The pixels of an image, held as its decoder gives them.

    Raises
    ------
    CorruptSourceError
        The image cannot be decoded.
    """

    def __init__(self, path: Path, header: FlatHeader) -> None:
        self._header = header
        try:
            is_deep = header.pixel_format.bits > 8
            self._decoded = _deep(path, header) if is_deep else _usual(path, header)
        except CorruptSourceError:
            raise
        except Exception as error:  # decoders raise whatever broken data provokes
            raise CorruptSourceError(
                f"the {header.format_name} cannot be decoded: {error}",
                file=path,
                remedy="the file is damaged; copy it again",
            ) from error

    def tile(self, column: int, row: int, tile: SizePx) -> Pixels:
        """Return a tile; beyond the edge of the image its last pixels are repeated.

        Returns
        -------
        pixels
            ``(rows, columns, samples)``, uint8 or uint16.
        """
        size = self._header.size
        left, top = column * tile.width, row * tile.height
        right, bottom = min(left + tile.width, size.width), min(top + tile.height, size.height)
        pixels = self._on_white(self._area(left, top, right, bottom))
        below, beside = tile.height - (bottom - top), tile.width - (right - left)
        return cast("Pixels", np.pad(pixels, ((0, below), (0, beside), (0, 0)), mode="edge"))

    def _area(self, left: int, top: int, right: int, bottom: int) -> Pixels:
        if isinstance(self._decoded, np.ndarray):
            area: Pixels = self._decoded[top:bottom, left:right]
        else:
            cropped = self._decoded.crop((left, top, right, bottom))
            area = np.asarray(cropped.convert(_mode(self._header)))
        return area.reshape(bottom - top, right - left, -1)

    def _on_white(self, pixels: Pixels) -> Pixels:
        """Lay transparent pixels on white; return the samples that the pixel format has."""
        samples = self._header.pixel_format.samples
        if pixels.shape[2] == samples:
            return pixels
        white = np.float32(np.iinfo(pixels.dtype).max)
        alpha = pixels[..., -1:].astype(np.float32) / white
        laid = pixels[..., :samples] * alpha + white * (1 - alpha)
        opaque: Pixels = np.rint(laid).astype(pixels.dtype)
        return opaque


def _mode(header: FlatHeader) -> str:
    """Return what Pillow calls the pixels that are wanted of it."""
    if header.pixel_format.samples == 1:
        return "LA" if header.has_alpha else "L"
    return "RGBA" if header.has_alpha else "RGB"


def _usual(path: Path, header: FlatHeader) -> Image.Image:
    with open_image(path, header.format) as image:  # which closes the file, and keeps the pixels
        image.load()
        return image


def _deep(path: Path, header: FlatHeader) -> Pixels:
    """Return pixels of more than 8 bits, which Pillow would shorten where they have colour."""
    import imagecodecs

    decode = imagecodecs.jpeg2k_decode if header.format == JPEG_2000 else imagecodecs.png_decode
    pixels: Pixels = decode(path.read_bytes())
    found = (*pixels.shape, 1)[:3]
    expected = (
        header.size.height,
        header.size.width,
        header.pixel_format.samples + header.has_alpha,
    )
    if found != expected or pixels.dtype != np.uint16:
        raise ValueError(f"found {found} {pixels.dtype}, expected {expected} uint16")
    return pixels.reshape(expected)
