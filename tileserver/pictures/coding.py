# SPDX-License-Identifier: Apache-2.0
"""Pictures as streams: what the rendering service codes, and GIF."""

from __future__ import annotations

import numpy as np

from tileserver.errors import NotAcceptableError
from tileserver.services.render import Picture, encode
from tileserver.services.render.encode import AbandonableBuffer

GIF = "image/gif"
_GIF_LARGEST = 65_535


def encoded(picture: Picture, media_type: str, quality: int | None = None) -> bytes:
    """Return a picture as a stream.

    Parameters
    ----------
    quality
        1 to 100, where the coding loses.

    Raises
    ------
    NotAcceptableError
        It is larger than its format allows.
    """
    if media_type != GIF:
        return encode(picture, media_type, quality)
    from PIL import Image

    if max(picture.pixels.shape[:2]) > _GIF_LARGEST:
        raise NotAcceptableError(f"GIF takes {_GIF_LARGEST} rows and columns at most")
    pixels = picture.pixels if picture.pixels.shape[2] == 3 else picture.pixels[:, :, 0]
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if image.mode == "RGB":
        image = image.quantize(256, Image.Quantize.FASTOCTREE)
    buffer = AbandonableBuffer()
    image.save(buffer, "GIF")
    return buffer.getvalue()
