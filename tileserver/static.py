# SPDX-License-Identifier: Apache-2.0
"""The built viewer as files; every page of it is the same document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from tileserver.described.model import Answer, Operation, Parameter, Place, Service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Coverslip</title></head>
<body><p>The server is running, but its viewer is not built. In a checkout, run:
<code>make viewer</code>. DICOMweb is at <code>/dicomweb</code>.</p></body></html>
"""


_PAGE = (Answer(status=200, meaning="The page.", contents={"text/html": {"type": "string"}}),)
VIEWER = Service(
    title="Viewer",
    meaning="The viewer's page; beside it there are its files.",
    path_parameters=(Parameter(name="path", meaning="What to show.", place=Place.PATH),),
    operations=(
        Operation(
            method="GET", path="/", name="RetrieveViewer", summary="List studies.", answers=_PAGE
        ),
        Operation(
            method="GET",
            path="/studies/{path:path}",
            name="RetrieveViewerOfStudy",
            summary="Show a study.",
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


def routes(folder: Path | None, path: str = "") -> list[BaseRoute]:
    """Return the routes of the viewer built in ``folder``, which is reached below ``path``."""

    async def page(_: Request) -> Response:
        if folder is None:
            return HTMLResponse(_NOT_BUILT)
        text = await run_in_threadpool((folder / "index.html").read_text, "utf-8")
        # The page is the same at any depth, so that its files are named from the root on.
        return HTMLResponse(
            text.replace('="/', f'="{path}/'), headers={"Cache-Control": "no-cache"}
        )

    found: list[BaseRoute] = [Route("/", page), Route("/studies/{path:path}", page)]
    if folder is not None:
        found.append(Mount("/assets", _Assets(directory=folder / "assets", check_dir=False)))
        found += [
            Route(f"/{path.name}", _file(path))
            for path in sorted(folder.iterdir())
            if path.is_file() and path.name != "index.html"
        ]
    return found


def _file(path: Path) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_: Request) -> Response:
        return FileResponse(path)

    return endpoint
