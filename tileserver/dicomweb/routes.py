# SPDX-License-Identifier: Apache-2.0
"""The table of DICOMweb routes."""

from __future__ import annotations

from starlette.routing import Route

from tileserver.again import asked_again
from tileserver.dicomweb import (
    bulk,
    delete,
    frames,
    qido,
    rendered,
    stow,
    wado,
    wado_uri,
)
from tileserver.dicomweb.archive import or_archive
from tileserver.dicomweb.lasting import lasting
from tileserver.settings import DICOMWEB_ROOT

_STUDY = "/studies/{study}"
_SERIES = _STUDY + "/series/{series}"
_INSTANCE = _SERIES + "/instances/{instance}"

_GET = (
    ("/studies", qido.studies),
    ("/series", qido.series),
    ("/instances", qido.instances),
    (_STUDY + "/series", qido.series),
    (_STUDY + "/instances", qido.instances),
    (_SERIES + "/instances", qido.instances),
    (_STUDY, lasting(or_archive(bulk.or_bulk_data(wado.study_or_series)))),
    (_SERIES, lasting(or_archive(bulk.or_bulk_data(wado.study_or_series)))),
    (_INSTANCE, lasting(or_archive(bulk.or_bulk_data(wado.instance)))),
    (_STUDY + "/metadata", wado.metadata),
    (_SERIES + "/metadata", wado.metadata),
    (_INSTANCE + "/metadata", wado.metadata),
    (_INSTANCE + "/frames/{frames}", frames.frames),
    (_INSTANCE + "/bulkdata/{path:path}", lasting(bulk.bulk_data)),
    *((place + "/bulkdata", lasting(bulk.all_bulk_data)) for place in (_STUDY, _SERIES, _INSTANCE)),
    *((place + "/pixeldata", lasting(bulk.pixel_data)) for place in (_STUDY, _SERIES, _INSTANCE)),
)
_PICTURES = (
    ("", lasting(wado_uri.retrieve)),
    ("/", lasting(wado_uri.retrieve)),
    (_STUDY + "/rendered", rendered.study_or_series),
    (_SERIES + "/rendered", rendered.study_or_series),
    (_INSTANCE + "/rendered", rendered.instance),
    (_INSTANCE + "/frames/{frames}/rendered", rendered.frames),
    (_STUDY + "/thumbnail", rendered.thumbnail),
    (_SERIES + "/thumbnail", rendered.thumbnail),
    (_INSTANCE + "/thumbnail", rendered.thumbnail),
    (_INSTANCE + "/frames/{frames}/thumbnail", rendered.thumbnail),
)
_POST = (("/studies", stow.store), (_STUDY, stow.store))
_DELETE = tuple((path, delete.delete) for path in (_STUDY, _SERIES, _INSTANCE))


def routes() -> list[Route]:
    """Return all DICOMweb routes below their root."""
    return [
        Route(DICOMWEB_ROOT + path, endpoint, methods=[method])
        for method, table in (
            ("GET", [(path, asked_again(endpoint)) for path, endpoint in (*_GET, *_PICTURES)]),
            ("POST", _POST),
            ("DELETE", _DELETE),
        )
        for path, endpoint in table
    ]
