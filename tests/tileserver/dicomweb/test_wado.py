# SPDX-License-Identifier: Apache-2.0
"""WADO-RS gives what was stored, byte for byte, in a form that the client takes."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import pydicom
import pytest
from archive import COORDINATES, HTJ2K_FRAMES, ICC_PROFILE, JPEG_FRAMES, NATIVE_FRAMES
from servers import parts_of

JPEG = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1"
NATIVE = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.2"
REPORT = "/studies/1.2.3.1/series/1.2.3.1.2/instances/1.2.3.1.2.1"
MULLER = "/studies/1.2.3.2/series/1.2.3.2.1/instances/1.2.3.2.1.1"
OCTETS = 'multipart/related; type="application/octet-stream"'


def test_an_instance_alone_is_the_file_as_received(archive):
    answer = archive.server.get(JPEG, "application/dicom")

    assert answer.status_code == 200
    assert answer.content == archive.files["jpeg"]
    assert answer.headers["content-type"] == "application/dicom"
    assert answer.headers["content-disposition"] == 'attachment; filename="1.2.3.1.1.1.dcm"'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("accept", [None, "*/*", 'multipart/related; type="application/dicom"'])
def test_an_instance_goes_as_multipart_unless_asked_otherwise(archive, accept):
    answer = archive.server.get(JPEG, accept)

    ((headers, body),) = parts_of(answer)
    assert body == archive.files["jpeg"]
    assert headers == {"Content-Type": "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50"}


def test_a_series_and_a_study_have_all_their_instances(archive):
    of_series = parts_of(archive.server.get("/studies/1.2.3.1/series/1.2.3.1.1"))
    of_study = parts_of(archive.server.get("/studies/1.2.3.1"))

    assert [body for _, body in of_series] == [archive.files["jpeg"], archive.files["native"]]
    assert {body for _, body in of_study} == {
        archive.files[name] for name in ("jpeg", "native", "report")
    }


def test_what_is_stored_goes_out_where_it_is_accepted(archive):
    wanted = 'multipart/related; type="application/dicom"; transfer-syntax={}'

    for syntax in ("1.2.840.10008.1.2.4.50", "*"):
        ((_, body),) = parts_of(archive.server.get(JPEG, wanted.format(syntax)))
        assert body == archive.files["jpeg"]
    refused = archive.server.get(JPEG, wanted.format("1.2.840.10008.1.2.4.90"))
    assert refused.status_code == 406
    assert "transfer-syntax=1.2.840.10008.1.2.4.50" in refused.json()["message"]


@pytest.mark.parametrize(
    "accept",
    [
        "image/jpeg",
        "image/*",
        "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50",
        'image/jpeg; transfer-syntax="*"',
        "image/jls;q=0.1, image/jpeg;q=0.9",
        "text/html, image/jpeg",
        # What a browser sends for an <img>.
        "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    ],
)
def test_one_frame_goes_alone_where_the_client_takes_it(archive, accept):
    answer = archive.server.get(f"{JPEG}/frames/1", accept)

    assert answer.status_code == 200
    assert answer.content == JPEG_FRAMES[0]
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(JPEG_FRAMES[0]))


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "image/jpeg"),
        ("*/*", "image/jpeg"),
        ("multipart/related", "image/jpeg"),
        ('multipart/related; type="*/*"', "image/jpeg"),
        ('multipart/related; type="image/jpeg"', "image/jpeg"),
        ("multipart/related; type=image/jpeg; transfer-syntax=*", "image/jpeg"),
        (f"{OCTETS}; transfer-syntax=*", "application/octet-stream"),
        (f"{OCTETS}; transfer-syntax=1.2.840.10008.1.2.4.50", "application/octet-stream"),
        (
            'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80, '
            'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.90, '
            f"{OCTETS}; transfer-syntax=*, "
            'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50',
            "application/octet-stream",
        ),
    ],
)
def test_frames_go_as_multipart(archive, accept, media_type):
    answer = archive.server.get(f"{JPEG}/frames/3,2,3", accept)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(f'multipart/related; type="{media_type}"; ')
    assert answer.headers["content-length"] == str(len(answer.content))
    parts = parts_of(answer)
    assert [body for _, body in parts] == [JPEG_FRAMES[i] for i in (2, 1, 2)]
    assert {headers["Content-Type"] for headers, _ in parts} == {
        f"{media_type}; transfer-syntax=1.2.840.10008.1.2.4.50"
    }


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.70",
        "image/jpeg; q=0",
        "application/dicom+json",
        "garbage",
    ],
)
def test_what_is_not_stored_is_refused_with_what_could_be_had(archive, accept):
    answer = archive.server.get(f"{JPEG}/frames/1", accept)

    assert answer.status_code == 406
    assert answer.json()["error"] == "NotAcceptableError"
    assert "image/jpeg" in answer.json()["message"]
    assert "transfer-syntax=1.2.840.10008.1.2.4.50" in answer.json()["message"]


def test_several_frames_do_not_go_without_multipart(archive):
    for path in ("frames/1,2", "bulkdata/7FE00010"):
        answer = archive.server.get(f"{JPEG}/{path}", "image/jpeg")

        assert answer.status_code == 406
        assert answer.json()["message"] == (
            "several frames go in multipart only; "
            "stored as image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50: accept "
            'multipart/related; type="image/jpeg", or '
            'multipart/related; type="application/octet-stream"; transfer-syntax=*; '
            'decoded: multipart/related; type="application/octet-stream"; '
            "transfer-syntax=1.2.840.10008.1.2.1"
        )


def test_the_accept_parameter_goes_over_the_header(archive):
    answer = archive.server.get(f"{JPEG}/frames/2?accept=image%2Fjpeg", "text/html")

    assert answer.content == JPEG_FRAMES[1]


def test_native_frames_are_octets_of_exact_length(archive):
    alone = archive.server.get(f"{NATIVE}/frames/2", "application/octet-stream")
    both = archive.server.get(f"{NATIVE}/frames/1,2", OCTETS)

    # The second ends as a padded JPEG would.
    assert alone.content == NATIVE_FRAMES[1]
    assert alone.headers["content-type"] == (
        "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    )
    assert [body for _, body in parts_of(both)] == list(NATIVE_FRAMES)


def test_htj2k_passes_through_without_its_padding(archive):
    first = archive.server.get(f"{MULLER}/frames/1", "image/jphc")
    second = archive.server.get(f"{MULLER}/frames/2", f"{OCTETS}; transfer-syntax=*")

    assert first.content == HTJ2K_FRAMES[0]
    assert first.headers["content-type"] == "image/jphc"
    assert parts_of(second)[0][1] == HTJ2K_FRAMES[1]


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ("4", 404),
        ("1,4", 404),
        ("99999999999999999999", 404),
        ("0", 400),
        ("-1", 400),
        ("1,,2", 400),
        ("one", 400),
        ("1.5", 400),
        ("²", 400),
        (",".join("1" * 10_001), 400),
    ],
)
def test_frame_numbers_are_checked(archive, numbers, status):
    answer = archive.server.get(f"{JPEG}/frames/{numbers}")

    assert answer.status_code == status
    assert set(answer.json()) == {"error", "message"}


def test_an_instance_without_pixels_has_no_frames(archive):
    assert archive.server.get(f"{REPORT}/frames/1").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/studies/9.9",
        "/studies/9.9/metadata",
        "/studies/1.2.3.1/series/9.9",
        "/studies/1.2.3.2/series/1.2.3.1.1/metadata",
        "/studies/1.2.3.2/series/1.2.3.1.1/instances/1.2.3.1.1.1",
        "/studies/1.2.3.1/series/1.2.3.1.2/instances/1.2.3.1.1.1",
        "/studies/1.2.3.1/series/1.2.3.1.2/instances/1.2.3.1.1.1/metadata",
        "/studies/1.2.3.1/series/1.2.3.1.2/instances/1.2.3.1.1.1/frames/1",
        "/studies/1.2.3.1/series/1.2.3.1.1/instances/9.9/frames/1",
        "/studies/..%2f..%2fetc/series/x/instances/y",
        "/nothing",
    ],
)
def test_what_is_unknown_or_below_another_parent_is_not_found(archive, path):
    answer = archive.server.get(path)

    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "message"}


def test_frames_may_be_cached_for_ever_and_are_validated_by_their_tag(archive):
    answer = archive.server.get(f"{JPEG}/frames/1", "image/jpeg")
    again = archive.server.get(
        f"{JPEG}/frames/1", "image/jpeg", **{"If-None-Match": answer.headers["etag"]}
    )
    other = archive.server.get(f"{JPEG}/frames/2", "image/jpeg")

    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    assert other.headers["etag"] != answer.headers["etag"]


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        (f"{JPEG}/frames/1", "image/jpeg"),
        (f"{JPEG}/frames/1,2", None),
        (JPEG, "application/dicom"),
        ("/studies/1.2.3.1", None),
        (f"{JPEG}/metadata", None),
    ],
)
def test_head_tells_the_same_without_a_body(archive, path, accept):
    got = archive.server.get(path, accept)
    head = archive.server.http.head(f"/dicomweb{path}", headers={"Accept": accept or "*/*"})

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


def test_metadata_has_every_attribute(archive):
    answer = archive.server.get(f"{JPEG}/metadata")

    assert answer.headers["content-type"] == "application/dicom+json"
    (attributes,) = answer.json()
    expected = pydicom.dcmread(io.BytesIO(archive.files["jpeg"]))
    assert set(attributes) == {f"{tag:08X}" for tag in expected.keys()}  # noqa: SIM118
    assert attributes["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]}
    assert attributes["00280008"] == {"vr": "IS", "Value": [3]}
    assert attributes["7FE00010"] == {
        "vr": "OB",
        "BulkDataURI": f"{archive.server.root}{JPEG}/bulkdata/7FE00010",
    }


def test_metadata_of_series_and_study_is_that_of_all_instances(archive):
    def uids(path: str) -> list[str]:
        found = archive.server.get(f"{path}/metadata", "application/json").json()
        return [item["00080018"]["Value"][0] for item in found]

    assert uids("/studies/1.2.3.1/series/1.2.3.1.1") == ["1.2.3.1.1.1", "1.2.3.1.1.2"]
    assert uids("/studies/1.2.3.1") == ["1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.1.2.1"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [(("00480105", 0, "00282000"), ICC_PROFILE), (("00660016",), COORDINATES)],
)
def test_binary_values_are_addresses_that_give_the_exact_bytes(archive, path, expected):
    (element,) = archive.server.get(f"{MULLER}/metadata").json()
    for step in path[:-1]:
        element = element["Value"][step] if isinstance(step, int) else element[step]
    address = element[path[-1]]["BulkDataURI"]

    assert address.startswith(f"{archive.server.root}{MULLER}/bulkdata/")
    place = urlsplit(address).path.removeprefix("/dicomweb")
    alone = archive.server.get(place, "application/octet-stream")
    in_parts = archive.server.get(place, OCTETS)
    assert alone.content == expected
    assert parts_of(in_parts)[0][1] == expected


@pytest.mark.parametrize(
    "path", ["00480105/7/00282000", "00100010", "x", "00480105", "..%2f..%2fetc", "/"]
)
def test_there_is_no_other_bulk_data(archive, path):
    assert archive.server.get(f"{MULLER}/bulkdata/{path}").status_code == 404


def test_an_endless_accept_is_refused_at_once(archive):
    answer = archive.server.get(f"{JPEG}/frames/1", '"' + '\\",' * 20_000)

    assert answer.status_code == 400
    assert answer.elapsed.total_seconds() < 1
