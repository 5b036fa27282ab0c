# SPDX-License-Identifier: Apache-2.0
"""Regions in micrometres at any resolution, for programs that analyse slides.

As PNG, JPEG, WebP, as bare samples (``raw``) or as an array of NumPy (``npy``).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tileserver.errors import BadRequestError
from tileserver.pictures.answer import PictureAnswer, drawn
from tileserver.pictures.coding import encoded
from tileserver.pictures.look import read_drawing
from tileserver.tiles.slide_region import read_place, read_slide_region
from tileserver.tiles.sources import canvas_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from tileserver.pictures.canvas import Canvas
    from tileserver.pictures.geometry import Box, Size
    from tileserver.pictures.look import Drawing
    from tileserver.services.render import Picture

_FORMATS = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "raw": "application/octet-stream",
    "npy": "application/x-npy",
}


async def region(request: Request) -> Response:
    """Give a region; what of it lies beyond the edges of the slide is white.

    The header fields X-Region-* tell shape and type of the samples (rows, columns, samples), the
    micrometres of a pixel as drawn, and the box (x, y, width, height) in pixels of the matrix.
    """
    query = request.query_params
    wanted = query.get("format", "png")
    if wanted not in _FORMATS:
        raise BadRequestError(f"found the format {wanted[:32]!r}, expected {', '.join(_FORMATS)}")
    asked, drawing = read_slide_region(query), read_drawing(query)
    image = await canvas_of(request)
    mpp = image.mpp
    if mpp is None:
        raise BadRequestError("the image does not tell the size of its pixels")
    place = None
    if asked.is_on_slide:
        place = read_place(await run_in_threadpool(image.attributes))
    box = asked.on_matrix(mpp, place)
    size = asked.picture_size(mpp, box)
    answer = PictureAnswer(_FORMATS[wanted], image.tag, f"region {box} {size} {drawing!r} {wanted}")
    known = answer.unchanged(request)
    if known is not None:
        return known
    shape, body = await drawn(
        request, lambda: _made(image, box, size, drawing, wanted), image.work(box, size, drawing)
    )
    headers = {
        "X-Region-Shape": ",".join(map(str, shape)),
        "X-Region-Dtype": "uint8",
        "X-Region-Mpp": _numbers(
            box.width * mpp[0] / size.width, box.height * mpp[1] / size.height
        ),
        "X-Region-Box": _numbers(box.x, box.y, box.width, box.height),
    }
    return Response(body, media_type=answer.media_type, headers=answer.headers() | headers)


def _numbers(*values: float) -> str:
    return ",".join(f"{value:.9g}" for value in values)


def _made(
    image: Canvas, box: Box, size: Size, drawing: Drawing, wanted: str
) -> tuple[tuple[int, ...], bytes]:
    """Return the shape (rows, columns, samples) and the stream of a region."""
    picture = image.draw_with_background(box, size, drawing)
    return picture.pixels.shape, _coded(picture, drawing, wanted)


def _coded(picture: Picture, drawing: Drawing, wanted: str) -> bytes:
    pixels = np.ascontiguousarray(picture.pixels)
    if wanted == "raw":
        return pixels.tobytes()
    if wanted == "npy":
        buffer = io.BytesIO()
        np.save(buffer, pixels, allow_pickle=False)
        return buffer.getvalue()
    return encoded(picture, _FORMATS[wanted], drawing.quality)
