# SPDX-License-Identifier: Apache-2.0
"""The table of routes of pictures beside DICOMweb."""

from __future__ import annotations

from starlette.routing import Route

from tileserver.again import asked_again
from tileserver.settings import TILES_ROOT
from tileserver.tiles import deep_zoom, iiif, manifests, region, xyz
from tileserver.tiles.sources import INSTANCE, PYRAMID, SERIES

_OF_AN_IMAGE = (
    ("/iiif", iiif.base),
    ("/iiif/info.json", iiif.information),
    ("/iiif/{region}/{size}/{rotation}/{last}", iiif.picture),
    ("/slide.dzi", deep_zoom.document),
    ("/slide_files/{level}/{name}", deep_zoom.tile),
    ("/xyz/tile.json", xyz.document),
    ("/xyz/{z}/{x}/{name}", xyz.tile),
    ("/region", region.region),
)
_MANIFESTS = (
    ("/{study}/manifest.json", manifests.of_study),
    (SERIES + "/manifest.json", manifests.of_series),
)


def routes() -> list[Route]:
    """Return all routes below their root."""
    table = [
        *_MANIFESTS,
        *(
            (image + path, endpoint)
            for image in (SERIES, PYRAMID, INSTANCE)
            for path, endpoint in _OF_AN_IMAGE
        ),
    ]
    return [
        Route(TILES_ROOT + path, asked_again(endpoint), methods=["GET"]) for path, endpoint in table
    ]
