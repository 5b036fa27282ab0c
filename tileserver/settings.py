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
API_ROOT = "/api"
OWN_PATHS = frozenset(
    {
        *("dicomweb", "tiles", "changes", "studies", "origins", "assets", "conformance"),
        *("openapi.json", "healthz", "readyz", "metrics", "api", "jobs"),
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
    origins: tuple[str, ...] = _means(
        "Other DICOMweb servers whose slides the viewer shows below /origins/NAME/, each as "
        "NAME=ADDRESS, such as lab=http://10.0.0.5:8042/dicom-web. This server asks them and "
        "passes on what they answer, to everybody whom it answers; nothing can be changed there.",
        default=(),
    )
    direct_origins: tuple[str, ...] = _means(
        "Such servers that the reader's browser asks itself, each as NAME=ADDRESS; they must let "
        "pages of this server read their answers (CORS).",
        default=(),
    )
    origin_logins: Path | None = _means(
        "TOML file with who this server is to its origins: a line for each that wants it, such as "
        'lab = "reader:password" or lab = "Bearer token". Browsers are never told.',
        default=None,
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
    jobs_at_once: int = _means(
        "Jobs that run at the same time, each in a process of its own; 0 for none on this server.",
        default=2,
    )
    job_limits: tuple[str, ...] = _means(
        "Other limits for single kinds of jobs, such as convert=1.", default=()
    )
    job_memory_bytes: int = _means(
        "Memory that each process of a job may take; a job that needs more fails.",
        default=4 << 30,
    )
    job_seconds: int = _means("Longest time of a job in seconds; then it fails.", default=4 * 3600)
    job_disk_bytes: int = _means(
        "Disk that a job may take beside what it stores; a job that needs more fails.",
        default=256 << 30,
    )
    retry_seconds: int = _means(
        "Seconds until a job is tried again that failed for a cause that may pass, such as a full "
        "disk or a peer that is away; twice as long each time.",
        default=10,
    )
    keep_jobs_days: int = _means(
        "Days for which the record of a job is kept once it has ended, with its log and result.",
        default=30,
    )
    keep_uploads_days: int = _means(
        "Days for which an upload is kept that did not come to its end, or whose conversion "
        "failed; others go when the last job that needs them is done.",
        default=7,
    )
    peers: tuple[str, ...] = _means(
        "Where jobs may send to, each with a name: pacs=dicom://PACS@pacs.example.org:11112, "
        "archive=https://archive.example.org/dicom-web.",
        default=(),
    )
    quota_bytes: int = _means(
        "Bytes of stored instances above which the job recycle deletes the oldest studies; 0 for "
        "no quota. Protected studies never go.",
        default=0,
    )
    rules: Path | None = _means(
        "TOML file of rules: what is to be done when something happens.", default=None
    )
