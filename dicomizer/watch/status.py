# SPDX-License-Identifier: Apache-2.0
"""How a watch folder is doing, as a document for scripts, figures for Prometheus, and over HTTP."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from dicomizer.errors import DicomizerError, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dicomizer.watch.journal import Journal, Record

_MOST_TOLD = 200
"""Slides that are told one by one."""
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_HELP = {
    "dicomizer_watch_slides": ("gauge", "Slides by state."),
    "dicomizer_watch_waiting": ("gauge", "Slides in the inbox that are not at rest yet."),
    "dicomizer_watch_up": ("gauge", "Whether the inbox is looked at."),
    "dicomizer_watch_slide_bytes": ("counter", "Size of the slides that are done."),
    "dicomizer_watch_file_bytes": ("counter", "Size of the instances made of them."),
    "dicomizer_watch_seconds": ("counter", "Seconds that they took."),
    "dicomizer_watch_oldest_seconds": ("gauge", "Age of the oldest slide that is not done."),
}


def document(journal: Journal) -> dict[str, Any]:
    """Return counts, totals, and the slides that are not done."""
    return {
        "slides": journal.counts(),
        "done": journal.totals(),
        "open": [_told(record) for record in journal.unsettled(_MOST_TOLD)],
    }


def _told(record: Record) -> dict[str, Any]:
    return {
        "slide": record.name,
        "path": record.path,
        "sha256": record.content,
        "state": str(record.state),
        "attempts": record.attempts,
        "next_try": _moment(record.next_try) if record.next_try else None,
        "reason": record.reason,
        "remedy": record.remedy,
        "first_seen": _moment(record.first_seen),
        "changed": _moment(record.changed),
    }


def _moment(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")


def figures(journal: Journal, waiting: int) -> str:
    """Return the figures in the text format of Prometheus."""
    lines: list[str] = []

    def add(name: str, value: float, labels: str = "") -> None:
        if not any(line.startswith(f"# TYPE {name} ") for line in lines):
            kind, told = _HELP[name]
            lines.extend((f"# HELP {name} {told}", f"# TYPE {name} {kind}"))
        suffix = "_total" if _HELP[name][0] == "counter" else ""
        lines.append(f"{name}{suffix}{labels} {value:g}" if suffix else f"{name}{labels} {value:g}")

    for state, number in journal.counts().items():
        add("dicomizer_watch_slides", number, f'{{state="{state}"}}')
    add("dicomizer_watch_waiting", waiting)
    add("dicomizer_watch_up", 1)
    for name, value in journal.totals().items():
        add(f"dicomizer_watch_{name}", value)
    add("dicomizer_watch_oldest_seconds", journal.oldest_seconds())
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def answering(journal: Journal, host: str, port: int, waiting: Callable[[], int]) -> Iterator[int]:
    """Answer ``/status`` (JSON), ``/metrics`` (Prometheus) and ``/healthz``; give the port.

    Raises
    ------
    TargetError
        The port is taken, or may not be used.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 10
        server_version = "dicomizer"
        sys_version = ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            try:
                found = self._answer(path)
            except DicomizerError:
                self.send_error(503)
                return
            if found is None:
                self.send_error(404)
                return
            text, kind = found
            data = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(data)

        def _answer(self, path: str) -> tuple[str, str] | None:
            if path == "/healthz":
                return "ok\n", _TEXT
            if path == "/metrics":
                return figures(journal, waiting()), _TEXT
            if path not in ("/", "/status"):
                return None
            found = {**document(journal), "waiting": waiting()}
            return json.dumps(found, indent=2) + "\n", "application/json"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base
            """Log nothing: who asks is no event of the inbox."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise TargetError(
            f"no status can be given on port {port}: {error.strerror or error}",
            remedy="choose another --status-port",
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="status", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
