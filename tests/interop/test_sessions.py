# SPDX-License-Identifier: Apache-2.0
"""What Slim, OHIF and ez-wsi-dicomweb ask, request by request, from the list to the first frame.

They cannot be installed from a registry; these are their requests and their Accept headers, each
made from what the answer before told, as they do.
"""

from __future__ import annotations

import archive as known
import pytest
from servers import parts_of, serving

JSON = "application/dicom+json, application/json"
OCTETS = 'multipart/related; type="application/octet-stream"'
SLIDE_FRAMES_OF_OHIF = ", ".join(
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


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("sessions") / "data") as running:
        assert running.store(*known.build().values()).status_code == 200
        yield running


def asked(server, path: str, accept: str = JSON) -> list[dict]:
    """Ask for DICOM JSON; return its objects."""
    answer = server.get(path, accept)
    assert answer.status_code == 200, (path, answer.text)
    assert answer.headers["content-type"] == "application/dicom+json"
    return answer.json()


def value(item: dict, tag: str) -> object:
    return item[tag]["Value"][0]


def test_slim_opens_a_slide_with_its_report(server):
    studies = asked(server, "/studies?ModalitiesInStudy=SM&limit=500&offset=0")
    assert {value(study, "0020000D") for study in studies} == {"1.2.3.1", "1.2.3.2"}
    study = "1.2.3.1"
    (slide,) = asked(server, f"/series?Modality=SM&StudyInstanceUID={study}")
    (report,) = asked(server, f"/series?Modality=SR&StudyInstanceUID={study}")
    series = f"/studies/{study}/series/{value(slide, '0020000E')}"
    metadata = asked(server, f"{series}/metadata")
    (image,) = [item for item in metadata if value(item, "00080018") == "1.2.3.1.1.1"]
    assert value(image, "00480006") == 48
    instance = f"{series}/instances/{value(image, '00080018')}"

    for number, frame in enumerate(known.JPEG_FRAMES, 1):
        answer = server.get(f"{instance}/frames/{number}", f"{OCTETS}; transfer-syntax=*")
        ((header, body),) = parts_of(answer)
        assert body == frame
        assert "1.2.840.10008.1.2.4.50" in header["Content-Type"]

    shown = f"/studies/{study}/series/{value(report, '0020000E')}"
    (found,) = asked(server, f"{shown}/instances")
    whole = server.get(
        f"{shown}/instances/{value(found, '00080018')}",
        'multipart/related; type="application/dicom"',
    )
    assert [body for _, body in parts_of(whole)] == [known.build()["report"]]
    assert server.get(f"/studies/{study}/instances?Modality=PR", JSON).status_code in (200, 204)


def test_slim_has_the_profile_of_an_image_by_the_address_in_its_metadata(server):
    (image,) = asked(server, "/studies/1.2.3.2/series/1.2.3.2.1/metadata")
    address = image["00480105"]["Value"][0]["00282000"]["BulkDataURI"]
    assert address.startswith(f"{server.root}/studies/1.2.3.2/")

    answer = server.http.get(address, headers={"Accept": OCTETS})

    ((_, body),) = parts_of(answer)
    assert body == known.ICC_PROFILE


def test_ohif_lists_and_opens_a_slide(server):
    fields = "00081030%2C00080060"
    studies = asked(server, f"/studies?limit=101&offset=0&fuzzymatching=true&includefield={fields}")
    assert {value(study, "00081030") for study in studies if "00081030" in study} == {
        "Breast, left"
    }
    study = "1.2.3.1"
    series = asked(server, f"/studies/{study}/series?includefield=00080021%2C00080031%2C0008103E")
    assert [value(item, "00080060") for item in series] == ["SM", "SR"]
    slide = f"/studies/{study}/series/{value(series[0], '0020000E')}"
    assert len(asked(server, f"{slide}/metadata")) == 2

    answer = server.get(f"{slide}/instances/1.2.3.1.1.1/frames/2", SLIDE_FRAMES_OF_OHIF)

    assert [body for _, body in parts_of(answer)] == [known.JPEG_FRAMES[1]]


def test_ez_wsi_lists_the_levels_of_a_slide_and_reads_frames(server):
    wanted = "&".join(
        f"includefield={tag}"
        for tag in ("00020010", "00080008", "00280010", "00280011", "00480006", "00480007")
    )
    series = "/studies/1.2.3.1/series/1.2.3.1.1"
    found = asked(server, f"{series}/instances?{wanted}", "*/*")
    assert [value(item, "00480006") for item in found] == [48, 32]
    assert [value(item, "00280010") for item in found] == [16, 16]

    answer = server.get(
        f"{series}/instances/1.2.3.1.1.1/frames/1,3", f"{OCTETS}; transfer-syntax=*"
    )

    assert [body for _, body in parts_of(answer)] == [known.JPEG_FRAMES[0], known.JPEG_FRAMES[2]]
