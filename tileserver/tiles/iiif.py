# SPDX-License-Identifier: Apache-2.0
"""IIIF Image API 3.0, level 2, and beyond it: mirroring, any rotation, enlarging, WebP and GIF.

References
----------
https://iiif.io/api/image/3.0/, https://iiif.io/api/image/3.0/compliance/
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from tileserver.errors import BadRequestError
from tileserver.pictures.answer import PictureAnswer
from tileserver.pictures.coding import encoded
from tileserver.pictures.geometry import MOST_PIXELS
from tileserver.pictures.look import read_drawing
from tileserver.pictures.transform import bitonal, flipped, gray, rotated, rotated_size
from tileserver.tiles.iiif_documents import (
    IMAGE_CONTEXT,
    PROFILE,
    ImageDescription,
    image_information,
)
from tileserver.tiles.iiif_request import FORMATS, ImageRequest, read_request
from tileserver.tiles.sources import address, canvas_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from tileserver.pictures.canvas import Canvas
    from tileserver.pictures.look import Drawing
    from tileserver.services.render import Picture

_JSON_LD = "application/ld+json"
_PROFILE_LINK = f'<{PROFILE}>;rel="profile"'


async def base(request: Request) -> Response:
    """Send those who ask for the image itself to its description."""
    await canvas_of(request)
    return RedirectResponse(f"{address(request)}/iiif/info.json", status_code=303)


def describe(image: Canvas, root: str) -> ImageDescription:
    """Return what documents tell of an image."""
    return ImageDescription(f"{root}/iiif", image.size, image.tile, image.levels, image.square_mpp)


async def information(request: Request) -> Response:
    """Give the description of an image (info.json)."""
    image = await canvas_of(request)
    document = image_information(describe(image, address(request)))
    return json_ld(request, document, IMAGE_CONTEXT, {"Link": _PROFILE_LINK})


def json_ld(
    request: Request, document: object, context: str, headers: dict[str, str] | None = None
) -> Response:
    """Return a document as JSON-LD, or as plain JSON to clients that ask for no more."""
    accept = request.headers.get("accept") or "*/*"
    is_linked = _JSON_LD in accept or ("*/*" in accept and "application/json" not in accept)
    return Response(
        json.dumps(document, ensure_ascii=False, separators=(",", ":")),
        media_type=f'{_JSON_LD};profile="{context}"' if is_linked else "application/json",
        headers={"Cache-Control": "private, no-cache", "Vary": "Accept"} | (headers or {}),
    )


async def picture(request: Request) -> Response:
    """Give a picture of a region (Image API 4)."""
    path = request.path_params
    drawing = read_drawing(request.query_params)
    image = await canvas_of(request)
    asked = read_request(
        image.size, *(path[name] for name in ("region", "size", "rotation", "last"))
    )
    _check_rotated(asked)
    canonical = asked.canonical()
    answer = PictureAnswer(
        FORMATS[asked.format],
        image.tag,
        f"iiif {canonical} {drawing!r}",
        partial(image.work, asked.box, asked.size, drawing),
    )
    links = f'{_PROFILE_LINK}, <{address(request)}/iiif/{canonical}>;rel="canonical"'
    may_be_stored = _may_be_stored(asked, drawing, answer.media_type)
    return await answer.respond(
        request,
        lambda: _bytes(image, asked, drawing, answer.media_type),
        {"Link": links},
        at_hand=lambda: image.stored_jpeg_now(asked.box, asked.size) if may_be_stored else None,
    )


def _may_be_stored(asked: ImageRequest, drawing: Drawing, media_type: str) -> bool:
    return asked.is_plain and drawing.is_plain and media_type == "image/jpeg"


def _check_rotated(asked: ImageRequest) -> None:
    width, height = rotated_size(asked.size, asked.degrees)
    if width * height > MOST_PIXELS * (1 + 1e-9):
        raise BadRequestError(
            f"the rotated picture would have {width:.0f} x {height:.0f} pixels, expected at most "
            f"{MOST_PIXELS:,}"
        )


def _bytes(image: Canvas, asked: ImageRequest, drawing: Drawing, media_type: str) -> bytes:
    if _may_be_stored(asked, drawing, media_type):
        stored = image.stored_jpeg(asked.box, asked.size)
        if stored is not None:
            return stored
    drawn = image.draw(asked.box, asked.size, drawing)
    return encoded(_transformed(drawn, asked), media_type, drawing.quality)


def _transformed(drawn: Picture, asked: ImageRequest) -> Picture:
    pixels = drawn.pixels
    if asked.is_mirrored:
        pixels = flipped(pixels, columns=True, rows=False)
    if asked.degrees:
        pixels = rotated(pixels, asked.degrees)
    if asked.quality == "gray":
        pixels = gray(pixels)
    elif asked.quality == "bitonal":
        pixels = bitonal(pixels)
    # A profile of colours does not fit grey values.
    profile = drawn.icc_profile if pixels.shape[2] == drawn.pixels.shape[2] else None
    return type(drawn)(pixels, profile)
