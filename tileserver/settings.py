# SPDX-License-Identifier: Apache-2.0
"""All that can be set of a server, in one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DICOMWEB_ROOT = "/dicomweb"
TILES_ROOT = "/tiles"


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set of a server.

    Parameters
    ----------
    data
        Folder of the stored instances and their index; made when it does not exist.
    host, port
        Where to listen; port 0 lets the system choose.
    base_url
        Public address of the server, such as ``https://slides.example.org``, for the absolute
        addresses in answers. Without it the address of the connection is used, never the Host
        header, which some clients send without its port and anybody can forge.
    max_body_bytes
        Of a request.
    max_results
        Of a query; more are to be had page by page.
    cors_origins
        Origins whose pages may read answers in a browser, such as ``https://viewer.example.org``;
        ``*`` for all.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8042
    base_url: str | None = None
    max_body_bytes: int = 64 << 30
    max_results: int = 1000
    cors_origins: tuple[str, ...] = ()
