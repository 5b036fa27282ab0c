# SPDX-License-Identifier: Apache-2.0
"""IIIF Presentation 3: a study or a series as a manifest, one canvas for each picture in it.

A series shows its pyramids, and the overview and the label of its slide.

References
----------
https://iiif.io/api/presentation/3.0/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from tileserver.addresses import public_root
from tileserver.pictures import words
from tileserver.pictures.canvas import Shown, pictures_of
from tileserver.settings import TILES_ROOT
from tileserver.tiles.iiif import describe, json_ld
from tileserver.tiles.iiif_documents import PRESENTATION_CONTEXT, Page, manifest
from tileserver.tiles.sources import INSTANCE, PYRAMID, SERIES, services_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def of_study(request: Request) -> Response:
    """Give the manifest of a study."""
    return await run_in_threadpool(_manifest, request, "/{study}/manifest.json")


async def of_series(request: Request) -> Response:
    """Give the manifest of a series."""
    return await run_in_threadpool(_manifest, request, "/{study}/{series}/manifest.json")


def _manifest(request: Request, template: str) -> Response:
    path = request.path_params
    root = public_root(request) + TILES_ROOT
    shown = pictures_of(services_of(request), path["study"], path.get("series"))
    first = shown[0].attributes
    document = manifest(
        root + template.format(**path),
        words.title(first),
        [*words.patient_words(first), *words.study_words(first)],
        [_page(root, picture) for picture in shown],
    )
    return json_ld(request, document, PRESENTATION_CONTEXT)


def _page(root: str, picture: Shown) -> Page:
    template = PYRAMID if picture.pyramid_uid else INSTANCE if picture.instance_uid else SERIES
    label = words.title(picture.attributes)
    address = root + template.format(
        study=picture.study_uid,
        series=picture.series_uid,
        pyramid=picture.pyramid_uid,
        instance=picture.instance_uid,
    )
    return Page(
        describe(picture.canvas, address),
        f"{label} ({picture.flavor.lower()})" if picture.instance_uid else label,
        words.technique_words(picture.attributes, picture.canvas.mpp),
    )
