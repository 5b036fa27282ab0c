# SPDX-License-Identifier: Apache-2.0
"""The tileserver, with the page of dicom-microscopy-viewer beside its own: one server for both.

    python tests/benchmarks/viewers/server.py serve --data FOLDER ...

The peer's files are given compressed, from memory; its page needs a policy that lets it make
functions of text and WebAssembly; it is that of its files alone.
"""

from __future__ import annotations

import contextlib
import gzip
import mimetypes
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tileserver import cli, static

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from starlette.requests import Request

HERE = Path(__file__).parent
PACKAGES = HERE.parents[1] / "browser" / "peers" / "node_modules"
_LIBRARY = PACKAGES / "dicom-microscopy-viewer" / "dist" / "dynamic-import"
_CLIENT = PACKAGES / "dicomweb-client" / "build" / "dicomweb-client.js"
_POLICY = "default-src 'self' blob: data: 'unsafe-inline' 'unsafe-eval'"


def peer_routes() -> list[BaseRoute]:
    """Return the routes of the peer's page and files."""
    files = [HERE / "open.js", HERE / "peer.html", _CLIENT]
    library = [path for path in _LIBRARY.iterdir() if path.suffix in (".js", ".wasm")]
    given = {f"/peer/{path.name}": _file(path) for path in (*files, *library)}
    # Where the viewer looks for its worker and for the decoders of the worker.
    given |= {f"/static/js/{path.name}": given[f"/peer/{path.name}"] for path in library}
    return [Route(path, endpoint) for path, endpoint in given.items()]


def _file(path: Path) -> Callable[[Request], Awaitable[Response]]:
    content = gzip.compress(path.read_bytes())
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {
        "Content-Encoding": "gzip",
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": _POLICY,
    }

    async def endpoint(_: Request) -> Response:
        return Response(content, media_type=kind, headers=headers)

    return endpoint


@contextlib.contextmanager
def serving(data: Path, log: Path) -> Iterator[str]:
    """Run a server on a port that it chooses; give its address."""
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, __file__, "serve", "--data", str(data), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        if not found:
            sys.exit(f"the server does not start: {log.read_text()}")
        yield found[0].rstrip("/")
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


def main() -> None:
    """Run the program of the server, with more routes."""
    own = static.routes

    def routes(*arguments: Any) -> list[BaseRoute]:
        return [*peer_routes(), *own(*arguments)]

    static.routes = routes
    cli.main()


if __name__ == "__main__":
    main()
