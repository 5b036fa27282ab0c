# SPDX-License-Identifier: Apache-2.0
"""Orthanc with DICOMweb, and other peers that listen: as child processes, with their ports."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the peer has ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    pytest.fail("the peer does not listen")


@contextlib.contextmanager
def running(port: int, *command: object) -> Iterator[None]:
    """Run a peer that listens on a port."""
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def orthanc(
    folder: Path, settings: Mapping[str, object] | None = None
) -> Iterator[tuple[int, int]]:
    """Run Orthanc with DICOMweb; give its HTTP and DICOM ports. Skip where it is missing."""
    program = shutil.which("Orthanc")
    if program is None or not _PLUGIN.exists():
        pytest.skip("Orthanc is not here: apt-get install orthanc orthanc-dicomweb")
    http, dicom = free_port(), free_port()
    common = {
        "StorageDirectory": str(folder / "orthanc"),
        "IndexDirectory": str(folder / "orthanc"),
        "HttpPort": http,
        "DicomPort": dicom,
        "DicomAet": "ORTHANC",
        "DicomAlwaysAllowFind": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [str(_PLUGIN)],
    }
    (folder / "orthanc.json").write_text(json.dumps(common | dict(settings or {})))
    with running(http, program, folder / "orthanc.json"):
        yield http, dicom
