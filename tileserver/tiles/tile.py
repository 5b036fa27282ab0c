# SPDX-License-Identifier: Apache-2.0
"""A tile of a grid as an answer: the stored frame where it is one, else drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.pictures.answer import PictureAnswer
from tileserver.pictures.coding import encoded
from tileserver.pictures.geometry import Size

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tileserver.pictures.canvas import Canvas
    from tileserver.pictures.look import Drawing
    from tileserver.tiles.grid import Tile

EXTENSIONS = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
_USUAL_TILE = 256
_TILE_LIMITS = range(64, 2049)


def square_tile(image: Canvas) -> int:
    """Return the side of tiles: that of the frames where these are square and of a usual size."""
    is_usual = image.tile.width == image.tile.height and image.tile.width in _TILE_LIMITS
    return image.tile.width if is_usual else _USUAL_TILE


async def tile_response(
    request: Request,
    image: Canvas,
    tile: Tile,
    drawing: Drawing,
    extension: str,
    *,
    is_padded: bool = False,
) -> Response:
    """Return a tile.

    Parameters
    ----------
    is_padded
        Whether a tile at an edge is as large as all others, or cut.
    """
    media_type = EXTENSIONS[extension]
    answer = PictureAnswer(
        media_type,
        image.tag,
        f"tile {tile!r} {drawing!r} {is_padded}",
        lambda: image.work(tile.box, tile.size, drawing),
    )
    whole = Size(tile.tile_size, tile.tile_size)
    may_be_stored = drawing.is_plain and media_type == "image/jpeg" and tile.size == whole
    return await answer.respond(
        request,
        lambda: _bytes(image, tile, drawing, media_type, is_padded=is_padded),
        at_hand=lambda: image.stored_jpeg_now(tile.box, whole) if may_be_stored else None,
    )


def _bytes(
    image: Canvas, tile: Tile, drawing: Drawing, media_type: str, *, is_padded: bool
) -> bytes:
    whole = Size(tile.tile_size, tile.tile_size)
    if drawing.is_plain and media_type == "image/jpeg" and tile.size == whole:
        stored = image.stored_jpeg(tile.box, whole)
        if stored is not None:
            return stored
    if is_padded:
        drawn = image.draw_with_background(tile.box, whole, drawing)
    else:
        drawn = image.draw(tile.box.within(image.size), tile.size, drawing)
    return encoded(drawn, media_type, drawing.quality)
