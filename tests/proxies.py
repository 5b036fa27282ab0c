# SPDX-License-Identifier: Apache-2.0
"""nginx in front of a server, which is reached below a path of it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location {path}/ {{ proxy_pass {target}; proxy_http_version 1.1; {more} }}
    }}
}}
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def find_nginx() -> str:
    """Return the program, or skip."""
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not found:
        pytest.skip("no nginx: apt install nginx-light")
    return found


@contextlib.contextmanager
def nginx(
    folder: Path, port: int, path: str, address: str, *, keeps_path: bool, more: str = ""
) -> Iterator[None]:
    """Pass on what comes below a path of a port, with or without that path.

    Parameters
    ----------
    more
        Directives of nginx for that path.
    """
    folder.mkdir()
    configuration = folder / "nginx.conf"
    target = address if keeps_path else f"{address}/"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, port=port, path=path, target=target, more=more)
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [find_nginx(), "-p", str(folder), "-c", str(configuration)], stderr=log
        )
        try:
            _wait_until_it_listens(process, port, folder / "log")
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
    raise AssertionError(f"nginx does not listen: {log.read_text()}")
