# SPDX-License-Identifier: Apache-2.0
"""The very requests that the field's clients send, as their logs and sources show them.

Rendered pictures and queries are with the tests of those services.
"""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pydicom
import pytest
from archive import HTJ2K_FRAMES, ICC_PROFILE, JPEG_FRAMES, NATIVE_FRAMES
from servers import parts_of

SLIDES = "/studies/1.2.3.1/series/1.2.3.1.1"
JPEG = f"{SLIDES}/instances/1.2.3.1.1.1"
NATIVE = f"{SLIDES}/instances/1.2.3.1.1.2"
REPORT = "/studies/1.2.3.1/series/1.2.3.1.2/instances/1.2.3.1.2.1"
MULLER = "/studies/1.2.3.2/series/1.2.3.2.1/instances/1.2.3.2.1.1"

OCTETS = 'multipart/related; type="application/octet-stream"'
OCTETS_ANY = f"{OCTETS}; transfer-syntax=*"
OHIF_SLIDE = ", ".join(
    [
        'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80',
        'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.81',
        'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.90',
        'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.91',
        'multipart/related; type="image/jpx"; transfer-syntax=1.2.840.10008.1.2.4.92',
        'multipart/related; type="image/jpx"; transfer-syntax=1.2.840.10008.1.2.4.93',
        'multipart/related; type="application/octet-stream"; transfer-syntax=*',
        'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50',
    ]
)
OHIF_CT = "multipart/related; type=application/octet-stream; transfer-syntax=*"


@pytest.mark.parametrize(
    ("client", "accept"),
    [
        ("dicom-microscopy-viewer 0.48", OCTETS_ANY),
        ("Slim 0.46", OCTETS_ANY),
        ("OHIF 3.13, slides", OHIF_SLIDE),
        ("OHIF 3.13, CT", OHIF_CT),
        ("dicomweb-client 0.61", 'multipart/related; type="*/*"'),
        (
            "wsidicom 0.36",
            'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50',
        ),
        ("ez-wsi-dicomweb 6.1", OHIF_CT),
        ("a browser's img", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"),
    ],
)
def test_a_stored_frame_reaches_every_client(archive, client, accept):
    answer = archive.server.get(f"{JPEG}/frames/2", accept)

    assert answer.status_code == 200, client
    if "multipart" in accept:
        ((head, body),) = parts_of(answer)
        assert head["Content-Type"].endswith("; transfer-syntax=1.2.840.10008.1.2.4.50")
    else:
        body = answer.content
    assert body == JPEG_FRAMES[1]


@pytest.mark.parametrize("accept", [OCTETS_ANY, OHIF_SLIDE, OHIF_CT])
@pytest.mark.parametrize(
    ("path", "frames", "syntax"),
    [
        (NATIVE, NATIVE_FRAMES, "1.2.840.10008.1.2.1"),
        (MULLER, HTJ2K_FRAMES, "1.2.840.10008.1.2.4.201"),
    ],
)
def test_every_stored_syntax_passes_through_for_who_takes_any(
    archive, accept, path, frames, syntax
):
    parts = parts_of(archive.server.get(f"{path}/frames/1,2", accept))

    assert [body for _, body in parts] == list(frames)
    assert {head["Content-Type"] for head, _ in parts} == {
        f"application/octet-stream; transfer-syntax={syntax}"
    }


@pytest.mark.parametrize(
    ("media_type", "syntax"),
    [
        ("image/jp2", "1.2.840.10008.1.2.4.90"),
        ("image/jp2", "1.2.840.10008.1.2.4.91"),
        ("image/jls", "1.2.840.10008.1.2.4.80"),
        ("image/dicom-rle", "1.2.840.10008.1.2.5"),
    ],
)
def test_wsidicom_probes_the_first_frame_for_what_cannot_be_had(archive, media_type, syntax):
    answer = archive.server.get(
        f"{JPEG}/frames/1", f'multipart/related; type="{media_type}"; transfer-syntax={syntax}'
    )

    assert answer.status_code == 406
    assert "transfer-syntax=1.2.840.10008.1.2.4.50" in answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        (f"{SLIDES}/metadata", "application/dicom+json"),  # dicom-microscopy-viewer, Slim
        (f"{SLIDES}/metadata", "application/dicom+json, application/json"),  # dicomweb-client
        (f"{JPEG}/metadata", "application/dicom+json, application/json"),  # wsidicom
        (f"{SLIDES}/metadata", "*/*"),  # ez-wsi
    ],
)
def test_metadata_as_clients_ask_for_it(archive, path, accept):
    answer = archive.server.get(path, accept)

    assert answer.headers["content-type"] == "application/dicom+json"
    assert answer.json()[0]["00080018"]["Value"] == ["1.2.3.1.1.1"]


def test_microscopy_viewer_gets_the_profile_by_its_address(archive):
    (metadata,) = archive.server.get(f"{MULLER}/metadata").json()
    address = metadata["00480105"]["Value"][0]["00282000"]["BulkDataURI"]

    answer = archive.server.http.get(address, headers={"Accept": OCTETS})

    assert [body for _, body in parts_of(answer)] == [ICC_PROFILE]


def test_slim_gets_a_whole_report(archive):
    for accept in ('multipart/related; type="application/dicom"', 'multipart/related; type="*/*"'):
        ((head, body),) = parts_of(archive.server.get(REPORT, accept))

        assert body == archive.files["report"]
        assert head["Content-Type"].startswith("application/dicom; transfer-syntax=")


def test_dicomweb_client_sends_a_host_without_a_port(archive):
    place = urlsplit(archive.server.address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    connection.putrequest("GET", f"/dicomweb{MULLER}/metadata", skip_host=True)
    connection.putheader("Host", place.hostname)
    connection.putheader("Accept", "application/dicom+json, application/json")
    connection.endheaders()
    text = connection.getresponse().read().decode()
    connection.close()

    assert f'"BulkDataURI":"{archive.server.root}{MULLER}/bulkdata/' in text


def test_who_wants_uncompressed_pixels_gets_them(archive):
    # Older viewers decode nothing themselves.
    ((head, body),) = parts_of(archive.server.get(f"{JPEG}/frames/1", OCTETS))

    assert len(body) == 16 * 16 * 3
    assert head["Content-Type"].endswith("transfer-syntax=1.2.840.10008.1.2.1")


def test_edge_tiles_are_whole_frames(server, real_slide):
    path = min(real_slide("dicom/variants/j2k_lossless").glob("*.dcm"), key=lambda p: p.name)
    found = pydicom.dcmread(path, stop_before_pixels=True)
    server.store(path.read_bytes())
    place = (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}"
    )

    answer = server.get(f"{place}/frames/{found.NumberOfFrames}", "application/octet-stream")

    size = found.Rows * found.Columns * found.SamplesPerPixel * found.BitsAllocated // 8
    assert len(answer.content) == size
