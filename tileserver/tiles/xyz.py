# SPDX-License-Identifier: Apache-2.0
"""XYZ tiles, as maps have them: level 0 fits into one tile, each further one is twice as large.

Tiles at the edges are as large as all others, white where the slide ends, as map clients expect.

References
----------
https://github.com/mapbox/tilejson-spec (TileJSON 3.0.0)
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from starlette.responses import Response

from tileserver.errors import NotFoundError
from tileserver.pictures.look import read_drawing
from tileserver.tiles.grid import tile_at, top_zoom
from tileserver.tiles.sources import address, canvas_of
from tileserver.tiles.tile import EXTENSIONS, square_tile, tile_response

if TYPE_CHECKING:
    from starlette.requests import Request

_NAME = re.compile(r"(\d{1,9})\.(\w{1,8})", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


async def document(request: Request) -> Response:
    """Give the TileJSON, with what of a slide it has no words for: size, tile size, spacing."""
    image = await canvas_of(request)
    tile_size = square_tile(image)
    query = f"?{request.url.query}" if request.url.query else ""
    found: dict[str, object] = {
        "tilejson": "3.0.0",
        "tiles": [f"{address(request)}/xyz/{{z}}/{{x}}/{{y}}.jpg{query}"],
        "scheme": "xyz",
        "minzoom": 0,
        "maxzoom": top_zoom(image.size, tile_size),
        "vector_layers": [],
        "width": image.size.width,
        "height": image.size.height,
        "tilesize": tile_size,
    }
    if image.mpp is not None:
        found["mpp"] = list(image.mpp)
    return Response(
        json.dumps(found, separators=(",", ":")),
        media_type="application/json",
        headers={"Cache-Control": "private, no-cache"},
    )


async def tile(request: Request) -> Response:
    """Give a tile."""
    path = request.path_params
    name = _NAME.fullmatch(path["name"])
    if not (name and name[2] in EXTENSIONS and all(_NUMBER.fullmatch(path[k]) for k in "zx")):
        raise NotFoundError("there is no such tile; tiles are z/x/y.jpg")
    drawing = read_drawing(request.query_params)
    image = await canvas_of(request)
    tile_size = square_tile(image)
    top = top_zoom(image.size, tile_size)
    asked = tile_at(image.size, tile_size, top, int(path["z"]), int(path["x"]), int(name[1]))
    return await tile_response(request, image, asked, drawing, name[2], is_padded=True)
