# SPDX-License-Identifier: Apache-2.0
"""Binary values have addresses that give the exact bytes; all of a study can be had at once."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import instances
import pydicom
import pytest
from archive import COORDINATES, HTJ2K_FRAMES, ICC_PROFILE, JPEG_FRAMES, NATIVE_FRAMES
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian
from servers import parts_of, serving

JPEG = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1"
NATIVE = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.2"
MULLER = "/studies/1.2.3.2/series/1.2.3.2.1/instances/1.2.3.2.1.1"
OCTETS = 'multipart/related; type="application/octet-stream"'
ANY = f"{OCTETS}; transfer-syntax=*"
LONG = bytes(range(256)) * 3


def path_of(found: pydicom.Dataset) -> str:
    return (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}"
    )


def addresses(item: object) -> list[tuple[str, str]]:
    """Return VR and address of every reference in DICOM JSON."""
    if isinstance(item, list):
        return [found for each in item for found in addresses(each)]
    if not isinstance(item, dict):
        return []
    if "BulkDataURI" in item:
        return [(item["vr"], item["BulkDataURI"])]
    return [found for each in item.values() for found in addresses(each)]


@pytest.mark.parametrize("syntax", [None, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_every_kind_of_bytes_is_an_address_to_all_of_them(server, syntax):
    # In implicit VR a private value is of unknown VR; tables are of words there.
    found = instances.dataset(
        PointCoordinatesData=LONG,  # OF
        DoublePointCoordinatesData=LONG,  # OD
        LongPrimitivePointIndexList=LONG,  # OL
        ExtendedOffsetTable=LONG,  # OV
        EncapsulatedDocument=LONG,  # OB
        RedPaletteColorLookupTableData=LONG,  # OW
        OpticalPathSequence=[instances.item(), instances.item(ICCProfile=LONG)],
        ImageComments="x" * 5000,
    )
    found.private_block(0x0009, "MAKER", create=True).add_new(1, "UN", LONG)
    if syntax:
        found.file_meta.TransferSyntaxUID = syntax
    assert server.store(instances.written(found)).status_code == 200

    (metadata,) = server.get(f"{path_of(found)}/metadata").json()
    told = addresses(metadata)

    assert {vr for vr, _ in told} == {"OF", "OD", "OL", "OV", "OB", "OW", "UN"}
    assert len(told) == 8
    for _, address in told:
        assert address.startswith(f"{server.root}{path_of(found)}/bulkdata/")
        answer = server.http.get(address, headers={"Accept": "application/octet-stream"})
        assert answer.content == LONG
        part = server.http.get(address, headers={"Range": "bytes=700-"})
        assert part.content == LONG[700:]
    assert metadata["00204000"]["Value"] == ["x" * 5000]


def test_addresses_begin_with_the_public_one(tmp_path):
    with serving(tmp_path / "data", "--base-url", "https://slides.example.org/") as server:
        server.store(instances.written(instances.dataset(EncapsulatedDocument=LONG)))
        (found,) = server.get("/instances", Host="elsewhere").json()
        path = urlsplit(found["00081190"]["Value"][0]).path.removeprefix("/dicomweb")

        (metadata,) = server.get(f"{path}/metadata").json()
        ((head, body),) = parts_of(server.get(f"{path}/bulkdata/00420011"))

    address = f"https://slides.example.org/dicomweb{path}/bulkdata/00420011"
    assert addresses(metadata) == [("OB", address)]
    assert (head["Content-Location"], body) == (address, LONG)


def test_all_bulk_data_of_an_instance(archive):
    parts = parts_of(archive.server.get(f"{MULLER}/bulkdata", ANY))

    at = f"{archive.server.root}{MULLER}/bulkdata"
    assert [(head["Content-Location"], body) for head, body in parts] == [
        (f"{at}/00480105/0/00282000", ICC_PROFILE),
        (f"{at}/00660016", COORDINATES),
        (f"{at}/7FE00010", HTJ2K_FRAMES[0]),
        (f"{at}/7FE00010", HTJ2K_FRAMES[1]),
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/studies/1.2.3.1/pixeldata", [*JPEG_FRAMES, b"".join(NATIVE_FRAMES)]),
        ("/studies/1.2.3.1/series/1.2.3.1.1/pixeldata", [*JPEG_FRAMES, b"".join(NATIVE_FRAMES)]),
        (f"{JPEG}/pixeldata", list(JPEG_FRAMES)),
        ("/studies/1.2.3.1/bulkdata", [*JPEG_FRAMES, b"".join(NATIVE_FRAMES)]),
    ],
)
def test_pixels_of_everything_below(archive, path, expected):
    parts = parts_of(archive.server.get(path, ANY))

    assert [body for _, body in parts] == expected
    assert parts[0][0] == {
        "Content-Type": "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.50",
        "Content-Location": f"{archive.server.root}{JPEG}/bulkdata/7FE00010",
    }


def test_pixels_as_octets_of_no_syntax_are_uncompressed(archive):
    parts = parts_of(archive.server.get("/studies/1.2.3.1/pixeldata", OCTETS))

    assert [len(body) for _, body in parts] == [768, 768, 768, 1536]
    assert parts[0][0]["Content-Type"].endswith("transfer-syntax=1.2.840.10008.1.2.1")


def test_pixels_are_pictures_where_these_are_accepted(archive):
    answer = archive.server.get(f"{JPEG}/pixeldata", 'multipart/related; type="image/jpeg"')
    mixed = archive.server.get("/studies/1.2.3.1/pixeldata", 'multipart/related; type="image/jpeg"')

    assert answer.headers["content-type"].startswith('multipart/related; type="image/jpeg"; ')
    assert [body for _, body in parts_of(answer)] == list(JPEG_FRAMES)
    assert mixed.status_code == 406


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/studies/1.2.3.1/series/1.2.3.1.2/pixeldata", ANY, 404),
        ("/studies/1.2.3.1/series/1.2.3.1.2/bulkdata", ANY, 404),
        ("/studies/9.9/bulkdata", ANY, 404),
        (f"{JPEG}/pixeldata", f"{OCTETS}; transfer-syntax=1.2.840.10008.1.2.4.90", 406),
        (f"{JPEG}/pixeldata", "image/png", 406),
        ("/studies/1.2.3.2/series/1.2.3.1.1/bulkdata", ANY, 404),
        ("/studies/1.2.3.2/pixeldata", OCTETS, 406),  # no codestreams
    ],
)
def test_there_is_not_always_bulk_data(archive, path, accept, status):
    assert archive.server.get(path, accept).status_code == status


def test_encapsulated_pixels_are_frames_in_their_media_type(archive):
    address = f"{JPEG}/bulkdata/7FE00010"

    stored = archive.server.get(address, 'multipart/related; type="image/jpeg"')
    octets = archive.server.get(address, ANY)
    decoded = archive.server.get(address, OCTETS)

    assert [body for _, body in parts_of(stored)] == list(JPEG_FRAMES)
    assert [body for _, body in parts_of(octets)] == list(JPEG_FRAMES)
    assert [len(body) for _, body in parts_of(decoded)] == [16 * 16 * 3] * 3


def test_native_pixels_are_one_value(archive):
    alone = archive.server.get(f"{NATIVE}/bulkdata/7FE00010", "application/octet-stream")
    part = archive.server.get(f"{NATIVE}/bulkdata/7FE00010", Range="bytes=760-775")

    pixels = b"".join(NATIVE_FRAMES)
    assert alone.content == pixels
    assert (part.status_code, part.content) == (206, pixels[760:776])


def test_a_frame_of_several_fragments_is_one(server):
    found = instances.slide([b"x"], "1.2.840.10008.1.2.4.90")
    stream = instances.jpeg(5)
    fragments = [stream[:100], stream[100:200], stream[200:] + b"\0" * (len(stream) % 2)]
    items = b"".join(
        b"\xfe\xff\x00\xe0" + len(part).to_bytes(4, "little") + part for part in fragments
    )
    found.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0" + items + b"\xfe\xff\xdd\xe0\0\0\0\0"
    assert server.store(instances.written(found)).status_code == 200

    alone = server.get(f"{path_of(found)}/frames/1", "image/jp2")
    ((_, body),) = parts_of(server.get(f"{path_of(found)}/bulkdata/7FE00010", ANY))

    assert alone.content == body == stream


def test_a_sparse_slide_has_the_frames_it_stores_and_no_others(server, real_slide):
    path = next(
        path
        for path in sorted(real_slide("dicom/variants/jpeg_sparse").glob("*.dcm"))
        if pydicom.dcmread(path, stop_before_pixels=True).get("DimensionOrganizationType")
        == "TILED_SPARSE"
    )
    found = pydicom.dcmread(path, stop_before_pixels=True)
    server.store(path.read_bytes())
    count = int(found.NumberOfFrames)

    assert server.get(f"{path_of(found)}/frames/{count}", "image/jpeg").status_code == 200
    assert server.get(f"{path_of(found)}/frames/{count + 1}", "image/jpeg").status_code == 404
    assert server.get(f"{path_of(found)}/frames/1,{count + 1}").status_code == 404


def test_parts_of_a_concatenation_have_frames_of_their_own(server, real_slide):
    folder = real_slide("dicom/variants/jpeg_concat")
    parts = [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))]
    parts = [part for part in parts if "ConcatenationUID" in part]
    assert len(parts) > 1

    for part in parts:
        buffer = io.BytesIO()
        pydicom.dcmwrite(buffer, part)
        assert server.store(buffer.getvalue()).status_code == 200
        count = int(part.NumberOfFrames)
        frames = parts_of(server.get(f"{path_of(part)}/frames/1,{count}"))

        expected = list(pydicom.encaps.generate_frames(part.PixelData, number_of_frames=count))
        assert [body.rstrip(b"\0") for _, body in frames] == [
            expected[0].rstrip(b"\0"), expected[-1].rstrip(b"\0"),
        ]  # fmt: skip
        assert server.get(f"{path_of(part)}/frames/{count + 1}").status_code == 404


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_instances_as_octets_are_their_binary_values(server, levels):
    found = instances.native(bytes(range(256)) * 3, 1)
    assert server.store(instances.written(found)).status_code == 200
    path = "/".join(path_of(found).split("/")[: 2 * levels + 1])
    octets = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'

    answer = server.get(path, octets)

    assert answer.status_code == 200
    assert parts_of(answer) == parts_of(server.get(f"{path}/bulkdata", octets))
    both = server.get(path, f"{octets}, multipart/related; type=application/dicom;q=0.1")
    assert parts_of(both)[0][0]["Content-Type"].startswith("application/dicom;")


def test_a_study_with_a_lost_or_cut_file_is_an_error_from_the_beginning(tmp_path):
    found = instances.slide([instances.jpeg(1)])
    other = instances.slide([instances.jpeg(2)], StudyInstanceUID=found.StudyInstanceUID)
    paths = [f"/studies/{found.StudyInstanceUID}{end}" for end in ("", "/bulkdata", "/pixeldata")]
    paths += [f"{path_of(other)}{end}" for end in ("", "/frames/1", "/bulkdata/7FE00010")]
    # What is wrong on the disk is an error in the log, too: not this server's log, then.
    with serving(tmp_path / "data") as server:
        assert server.store(*map(instances.written, (found, other))).status_code == 200
    for cut in (100, None):
        for blob in sorted((tmp_path / "data" / "blobs").rglob("*.dcm")):
            if (
                pydicom.dcmread(blob, stop_before_pixels=True, force=True).get(
                    "SOPInstanceUID", other.SOPInstanceUID
                )
                != found.SOPInstanceUID
            ):
                blob.unlink() if cut is None else blob.write_bytes(blob.read_bytes()[:cut])
        for path in paths:
            assert answered(tmp_path / "data", path).status_code == 500, (cut, path)


def answered(data, path: str):
    import anyio
    import httpx

    from tileserver.app import create_app
    from tileserver.settings import Settings

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(Settings(data=data)))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(f"/dicomweb{path}")

    return anyio.run(get)
