# SPDX-License-Identifier: Apache-2.0
"""All that can be set of a server, in one value.

Each field says what it means; help, sample file and reference are made from that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - the type of a setting is read when it is loaded
from typing import Any

DICOMWEB_ROOT = "/dicomweb"
TILES_ROOT = "/tiles"
OWN_PATHS = frozenset(
    {
        *("dicomweb", "tiles", "changes", "studies", "assets", "conformance", "openapi.json"),
        *("healthz", "readyz", "metrics"),
    }
)
"""What paths of the server's own begin with: below another it can be reached, below these not."""


class Duplicates(StrEnum):
    """What becomes of other bytes under the UID of a stored instance."""

    REFUSE = "refuse"
    KEEP_FIRST = "keep-first"
    REPLACE = "replace"


def _means(help: str, **options: Any) -> Any:  # noqa: A002 - as click names it
    """Return a field with its meaning."""
    return field(metadata={"help": help}, **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that can be set of a server."""

    data: Path = _means("Folder of the stored instances and their index; made if it is not there.")
    host: str = _means("Address to listen on.", default="127.0.0.1")
    port: int = _means("Port to listen on; 0 lets the system choose.", default=8042)
    base_url: str | None = _means(
        "Public address of the server, such as https://slides.example.org, for the addresses in "
        "answers; needed behind a proxy. It may end in a path, such as /pacs, which the proxy "
        "leaves in what it passes on or takes off. Without it they begin with the address of the "
        "connection, never with the Host header, which anybody can forge.",
        default=None,
    )
    allowed_hosts: tuple[str, ...] = _means(
        "Further names by which the server answers, such as slides.example.org; * for any. "
        "Addresses, names of one word, this machine's own and that of base_url need not be told.",
        default=(),
    )
    max_body_bytes: int = _means("Largest body of a request.", default=64 << 30)
    max_results: int = _means(
        "Most results of a query; more are to be had page by page.", default=1000
    )
    search_seconds: int = _means(
        "Longest time of a query in seconds. Attributes without an index are looked for in every "
        "instance, some 20 s for a million.",
        default=30,
    )
    workers: int = _means("Processes that serve, of which each keeps a core busy.", default=1)
    cors_origins: tuple[str, ...] = _means(
        "Origins whose pages may read answers in a browser, such as https://viewer.example.org; "
        "* for all.",
        default=(),
    )
    duplicates: Duplicates = _means(
        "What becomes of other bytes under the UID of a stored instance: they are refused, or the "
        "first are kept with a warning, or replaced.",
        default=Duplicates.REFUSE,
    )
    is_deleting_allowed: bool = _means("Whether clients may delete.", default=True)
    keep_workitems_days: int = _means(
        "Days for which a workitem is kept once it is completed or canceled, and longer while a "
        "subscriber has a deletion lock on it.",
        default=30,
    )
    fallback_subscribers: tuple[str, ...] = _means(
        "AE titles that are told of a restart of the worklist even where they are subscribed to "
        "nothing, since the list of subscriptions may have been lost.",
        default=(),
    )
