# SPDX-License-Identifier: Apache-2.0
"""Orthanc's DICOMweb client finds with us, sends to us, and retrieves from us what it sent."""

from __future__ import annotations

import httpx
import instances
import orthanc as peer
import pytest
from servers import serving


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("orthanc-peer") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def orthanc(server, tmp_path_factory):
    """Give a client of an Orthanc that knows our server."""
    known = {"DicomWeb": {"Enable": True, "Servers": {"coverslip": [f"{server.root}/"]}}}
    with (
        peer.orthanc(tmp_path_factory.mktemp("orthanc"), known) as (port, _),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        yield client


def held(orthanc: httpx.Client) -> set[bytes]:
    """Return all files that Orthanc has."""
    return {
        orthanc.get(f"/instances/{name}/file").content for name in orthanc.get("/instances").json()
    }


def test_what_orthanc_sends_and_retrieves_is_bit_for_bit_the_same(orthanc, server, tmp_path):
    one = {"StudyInstanceUID": "1.2.9.1", "SeriesInstanceUID": "1.2.9.1.1", "PatientID": "P-9"}
    files = {
        instances.written(instances.slide([instances.jpeg(40)] * 3, **one)),
        instances.written(instances.native(bytes(768) * 2, 2, **one)),
        instances.written(
            instances.dataset(
                SOPClassUID="1.2.840.10008.5.1.4.1.1.88.34",
                **one | {"SeriesInstanceUID": "1.2.9.1.2", "Modality": "SR"},
            )
        ),
    }
    for file in files:
        assert orthanc.post("/instances", content=file).status_code == 200
    (study,) = orthanc.get("/studies").json()

    sent = orthanc.post(
        "/dicom-web/servers/coverslip/stow", json={"Resources": [study], "Synchronous": True}
    )

    assert sent.status_code == 200, sent.text
    found = orthanc.post(
        "/dicom-web/servers/coverslip/qido",
        json={"Uri": "/instances", "Arguments": {"StudyInstanceUID": "1.2.9.1"}},
    )
    assert len(found.json()) == 3, found.text
    assert orthanc.delete(f"/studies/{study}").status_code == 200
    assert held(orthanc) == set()
    retrieved = orthanc.post(
        "/dicom-web/servers/coverslip/retrieve",
        json={"Resources": [{"Study": "1.2.9.1"}], "Synchronous": True},
    )
    assert retrieved.status_code == 200, retrieved.text
    assert held(orthanc) == files
