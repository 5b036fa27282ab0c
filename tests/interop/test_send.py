# SPDX-License-Identifier: Apache-2.0
"""Sent to real peers: DCMTK's storescp by C-STORE, Orthanc by STOW-RS and C-STORE."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import orthanc as peer
import pytest
from pynetdicom.dsutils import split_dataset
from sending import CuttingProxy, write_large, write_study

_STORESCP = Path("/usr/bin/storescp")
"""Not the one on PATH: pynetdicom has one of the same name."""
_PEAK = """
import sys
from dicomizer.cli.program import group
code = group.main(sys.argv[1:], standalone_mode=False)
status = open("/proc/self/status").read()
print("peak", int(status.split("VmHWM:")[1].split()[0]) // 1024, file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def storescp(tmp_path) -> Iterator[tuple[int, Path]]:
    """Give the port of DCMTK's storescp, and the folder of what it got, bit for bit."""
    if not _STORESCP.exists():
        pytest.skip("storescp of DCMTK is not here: apt-get install dcmtk")
    port, folder = peer.free_port(), tmp_path / "received"
    folder.mkdir()
    with peer.running(
        port, _STORESCP, "--bit-preserving", "+xa", "-aet", "STORE", "-od", folder, port
    ):
        yield port, folder


@pytest.fixture
def orthanc(tmp_path) -> Iterator[tuple[int, int]]:
    """Give the HTTP and DICOM ports of an Orthanc with DICOMweb."""
    with peer.orthanc(tmp_path) as ports:
        yield ports


def send(tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _PEAK, "send", *arguments, "--json"]
    return subprocess.run(
        [*map(str, command), "--journal", str(tmp_path / "journal")],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def data_set(path: Path) -> bytes:
    return path.read_bytes()[split_dataset(path)[1] :]


def test_storescp_receives_the_identical_data_sets(storescp, tmp_path):
    port, folder = storescp
    paths = write_study(tmp_path / "in")

    done = send(tmp_path, *paths, "--to", f"dicom://STORE@127.0.0.1:{port}")

    assert done.returncode == 0, done.stderr + done.stdout
    received = sorted(map(data_set, folder.iterdir()))
    assert received == sorted(map(data_set, paths))


def test_storescp_receives_every_transfer_syntax_of_a_conversion(storescp, converted, tmp_path):
    port, folder = storescp

    done = send(tmp_path, converted.folder, "--to", f"dicom://STORE@127.0.0.1:{port}")

    assert done.returncode == 0, done.stderr + done.stdout
    assert sorted(map(data_set, folder.iterdir())) == sorted(map(data_set, converted.instances))


def test_storescp_receives_2_gb_over_a_line_that_breaks(storescp, tmp_path):
    port, folder = storescp
    paths = write_large(tmp_path / "in", 4, frames=2) + write_large(tmp_path / "two", 1, frames=3)
    with CuttingProxy(port, [100_000_000, 500_000_000, 150]) as proxy:
        done = send(tmp_path, *paths, "--to", f"dicom://STORE@127.0.0.1:{proxy.port}")

        assert proxy.cut == 3
    assert done.returncode == 0, done.stderr + done.stdout
    whole = sorted(path.stat().st_size - split_dataset(path)[1] for path in paths)
    assert sum(whole) > 2_000_000_000
    found = sorted(path.stat().st_size - split_dataset(path)[1] for path in folder.iterdir())
    assert found == whole
    assert int(done.stderr.split()[-1]) < 200


@pytest.mark.parametrize("protocol", ["STOW-RS", "C-STORE"])
def test_orthanc_receives_and_confirms(orthanc, converted, tmp_path, protocol):
    http, dicom = orthanc
    web = f"http://127.0.0.1:{http}/dicom-web"
    url = web if protocol == "STOW-RS" else f"dicom://ORTHANC@127.0.0.1:{dicom}"

    done = send(tmp_path, converted.folder, "--to", url)

    assert done.returncode == 0, done.stderr + done.stdout
    document = json.loads(done.stdout)
    assert all(item["verified"] for item in document["instances"])
    with httpx.Client(base_url=f"http://127.0.0.1:{http}", timeout=120) as client:
        stored = {
            client.get(f"/instances/{name}/file").content
            for name in client.get("/instances").json()
        }
    sent = {path.read_bytes() for path in converted.instances}
    if protocol == "STOW-RS":
        assert stored == sent
    assert len(stored) == len(sent)
    again = send(tmp_path, converted.folder, "--to", url)
    assert {item["state"] for item in json.loads(again.stdout)["instances"]} == {"held"}


def test_orthanc_receives_over_a_line_that_breaks(orthanc, tmp_path):
    http, dicom = orthanc
    paths = write_study(tmp_path / "in", 30)
    with CuttingProxy(dicom, [50, 30_000, 8_000]) as proxy:
        done = send(tmp_path, *paths, "--to", f"dicom://ORTHANC@127.0.0.1:{proxy.port}")

        assert proxy.cut == 3
    assert done.returncode == 0, done.stderr + done.stdout
    assert len(httpx.get(f"http://127.0.0.1:{http}/instances", timeout=120).json()) == 30
