# SPDX-License-Identifier: Apache-2.0
"""What is done to a picture that is drawn: mirrored, turned, in grey, cut, on a background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tileserver.pictures.geometry import Size

    Pixels = NDArray[np.uint8]

_WHITE = 255
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Of ITU-R BT.601, as JPEG has it."""
_THRESHOLD = 128


def flipped(picture: Pixels, *, columns: bool, rows: bool) -> Pixels:
    """Return a picture (rows, columns, samples) with its columns, its rows or both reversed."""
    return picture[:: -1 if rows else 1, :: -1 if columns else 1]


def rotated(picture: Pixels, degrees: float) -> Pixels:
    """Return a picture (rows, columns, samples), uint8, turned clockwise, whole and unscaled.

    Turned by other than right angles it stands on white; `rotated_size` tells its size beforehand.
    """
    if degrees % 90 == 0:
        return np.rot90(picture, -round(degrees / 90) % 4)
    from PIL import Image

    image = Image.fromarray(picture if picture.shape[2] == 3 else picture[:, :, 0])
    white = (_WHITE,) * 3 if picture.shape[2] == 3 else _WHITE
    turned = image.rotate(-degrees, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=white)
    return np.asarray(turned).reshape(turned.height, turned.width, picture.shape[2])


def rotated_size(size: Size, degrees: float) -> tuple[float, float]:
    """Return width and height of the box around a turned picture."""
    angle = np.deg2rad(degrees)
    cosine, sine = abs(np.cos(angle)), abs(np.sin(angle))
    return (
        float(size.width * cosine + size.height * sine),
        float(size.width * sine + size.height * cosine),
    )


def gray(picture: Pixels) -> Pixels:
    """Return a picture (rows, columns, 1 or 3) in grey: (rows, columns, 1), uint8."""
    if picture.shape[2] == 1:
        return picture
    luma: Pixels = np.rint(picture.astype(np.float32) @ _LUMA).astype(np.uint8)
    return luma[:, :, np.newaxis]


def bitonal(picture: Pixels) -> Pixels:
    """Return a picture in black and white: (rows, columns, 1), uint8, 0 or 255."""
    return np.where(gray(picture) < _THRESHOLD, np.uint8(0), np.uint8(_WHITE))


def blank(size: Size, samples: int) -> Pixels:
    """Return a white picture."""
    return np.full((size.height, size.width, samples), _WHITE, dtype=np.uint8)


def on_background(picture: Pixels, x: int, y: int, size: Size) -> Pixels:
    """Return a picture of ``size``, white but for a smaller one at a place in it."""
    rows, columns, samples = picture.shape
    if (columns, rows) == (size.width, size.height):
        return picture
    found = blank(size, samples)
    found[y : y + rows, x : x + columns] = picture
    return found
