# SPDX-License-Identifier: Apache-2.0
"""Deep Zoom: ``slide.dzi`` and the tiles below ``slide_files``, without overlap.

References
----------
https://learn.microsoft.com/en-us/previous-versions/windows/silverlight/dotnet-windows-silverlight/cc645077(v=vs.95)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import Response

from tileserver.errors import BadRequestError, NotFoundError
from tileserver.pictures.look import read_drawing
from tileserver.tiles.grid import tile_at
from tileserver.tiles.sources import canvas_of
from tileserver.tiles.tile import EXTENSIONS, square_tile, tile_response

if TYPE_CHECKING:
    from starlette.requests import Request

_NAME = re.compile(r"(\d{1,9})_(\d{1,9})\.(\w{1,8})", re.ASCII)
_LEVEL = re.compile(r"\d{1,3}", re.ASCII)
_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="{format}" Overlap="0" \
TileSize="{tile}">
  <Size Width="{width}" Height="{height}"/>
</Image>
"""


async def document(request: Request) -> Response:
    """Give the description of the image; ``format`` says which tiles clients shall ask for."""
    wanted = request.query_params.get("format", "jpg")
    if wanted not in EXTENSIONS:
        raise BadRequestError(f"found the format {wanted[:32]!r}, expected {', '.join(EXTENSIONS)}")
    read_drawing(request.query_params)
    image = await canvas_of(request)
    text = _DOCUMENT.format(
        format=wanted,
        tile=square_tile(image),
        width=image.size.width,
        height=image.size.height,
    )
    return Response(
        text, media_type="application/xml", headers={"Cache-Control": "private, no-cache"}
    )


async def tile(request: Request) -> Response:
    """Give a tile, cut at the edges of its level."""
    level, name = (request.path_params[item] for item in ("level", "name"))
    found = _NAME.fullmatch(name)
    if not found or not _LEVEL.fullmatch(level) or found[3] not in EXTENSIONS:
        raise NotFoundError("there is no such tile; tiles are level/column_row.jpg")
    drawing = read_drawing(request.query_params)
    image = await canvas_of(request)
    top = (max(image.size.width, image.size.height) - 1).bit_length()
    asked = tile_at(image.size, square_tile(image), top, int(level), int(found[1]), int(found[2]))
    return await tile_response(request, image, asked, drawing, found[3])
