# SPDX-License-Identifier: Apache-2.0
"""The built viewer as files; every page of it is the same document.

Pages of other origins differ in one thing: where browsers ask an origin themselves, the document
names its address, and its policy allows that one address.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from tileserver.content_security import content_security_policy
from tileserver.described.model import Answer, Operation, Parameter, Place, Service
from tileserver.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from tileserver.origin import Origin

_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Coverslip</title></head>
<body><p>The server is running, but its viewer is not built. In a checkout, run:
<code>make viewer</code>. DICOMweb is at <code>/dicomweb</code>.</p></body></html>
"""


_PAGE = (Answer(status=200, meaning="The page.", contents={"text/html": {"type": "string"}}),)
VIEWER = Service(
    title="Viewer",
    meaning="The viewer's page; beside it there are its files.",
    path_parameters=(
        Parameter(name="path", meaning="What to show.", place=Place.PATH),
        Parameter(name="origin", meaning="Name of another server, as set.", place=Place.PATH),
    ),
    operations=(
        Operation(
            method="GET", path="/", name="RetrieveViewer", summary="List studies.", answers=_PAGE
        ),
        Operation(
            method="GET",
            path="/jobs",
            name="RetrieveViewerOfJobs",
            summary="List jobs.",
            answers=_PAGE,
        ),
        Operation(
            method="GET",
            path="/studies/{path:path}",
            name="RetrieveViewerOfStudy",
            summary="Show a study.",
            answers=_PAGE,
            errors=(404,),
        ),
        Operation(
            method="GET",
            path="/origins/{origin}/",
            name="RetrieveViewerOfOrigin",
            summary="List studies of another server.",
            answers=_PAGE,
            errors=(404,),
        ),
        Operation(
            method="GET",
            path="/origins/{origin}/studies/{path:path}",
            name="RetrieveViewerOfStudyOfOrigin",
            summary="Show a study of another server.",
            answers=_PAGE,
            errors=(404,),
        ),
    ),
)


class _Assets(StaticFiles):
    """Files whose names change with their content."""

    def file_response(self, *arguments: object, **options: object) -> Response:
        response = super().file_response(*arguments, **options)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def viewer_folder() -> Path | None:
    """Return the built viewer: within the package, or in a checkout; ``None`` if in neither."""
    package = Path(__file__).parent
    for folder in (package / "web", package.parent / "web" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None


def routes(
    folder: Path | None, path: str = "", origins: Mapping[str, Origin] | None = None
) -> list[BaseRoute]:
    """Return the routes of the viewer built in ``folder``, which is reached below ``path``.

    Parameters
    ----------
    origins
        Other servers whose slides it shows, by their names.
    """
    known = origins or {}

    async def page(request: Request) -> Response:
        if folder is None:
            return HTMLResponse(_NOT_BUILT)
        origin = _origin_of(request, known)
        policy = content_security_policy(origin.site if origin and origin.is_direct else "")
        return HTMLResponse(
            _telling(await _page(folder, path), known, origin),
            headers={"Cache-Control": "no-cache", "Content-Security-Policy": policy},
        )

    found: list[BaseRoute] = [
        Route(root + below, page)
        for root in ("", "/origins/{origin}")
        for below in ("/", "/studies/{path:path}")
    ]
    found.append(Route("/jobs", page))  # other servers tell nothing of theirs
    if folder is not None:
        found.append(Mount("/assets", _Assets(directory=folder / "assets", check_dir=False)))
        found += [
            Route(f"/{path.name}", _file(path))
            for path in sorted(folder.iterdir())
            if path.is_file() and path.name != "index.html"
        ]
    return found


async def no_page(request: Request, path: str, known: Mapping[str, Origin]) -> Response | None:
    """Return the viewer's page, which tells that there is none at this address.

    It is for people: ``None`` where the client has not named HTML, or no viewer is built.
    """
    folder = viewer_folder()
    if folder is None or request.method != "GET" or not _is_browser(request):
        return None
    headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
    text = _telling(await _page(folder, path), known)
    return HTMLResponse(text, status_code=404, headers=headers)


def _is_browser(request: Request) -> bool:
    """Tell whether HTML is named: browsers do for what they open, not for what pages fetch."""
    kinds = request.headers.get("accept", "").lower().split(",")
    return any(kind.partition(";")[0].strip() == "text/html" for kind in kinds)


async def _page(folder: Path, path: str) -> str:
    text = await run_in_threadpool((folder / "index.html").read_text, "utf-8")
    # The page is the same at any depth, so that its files are named from the root on.
    return text.replace('="/', f'="{path}/')


def _origin_of(request: Request, known: Mapping[str, Origin]) -> Origin | None:
    """Return the origin whose page is asked for; ``None`` for a page of this server's own."""
    name = request.path_params.get("origin")
    if name is None:
        return None
    if name not in known:
        raise NotFoundError("no such origin; origins of the settings has their names")
    return known[name]


def _telling(page: str, known: Mapping[str, Origin], origin: Origin | None = None) -> str:
    """Return a page that tells the viewer of origins; settings have nothing that needs escaping."""
    told = f'<meta name="origins" content="{" ".join(known)}" />\n    ' if known else ""
    if origin is not None and origin.is_direct:
        told += f'<meta name="dicomweb" content="{origin.url}" />\n    '
    return page.replace("<title>", f"{told}<title>")


def _file(path: Path) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_: Request) -> Response:
        return FileResponse(path)

    return endpoint
