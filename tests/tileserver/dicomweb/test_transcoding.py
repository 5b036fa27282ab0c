# SPDX-License-Identifier: Apache-2.0
"""Another encoding than the stored one goes out only where it is named, and is what it says."""

from __future__ import annotations

import io

import imagecodecs
import instances
import numpy as np
import pydicom
import pytest
import simplejpeg
from archive import JPEG_FRAMES, NATIVE_FRAMES
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)
from servers import parts_of

JPEG = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1"
NATIVE = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.2"
MULLER = "/studies/1.2.3.2/series/1.2.3.2.1/instances/1.2.3.2.1.1"
PLAIN, BASELINE, J2K = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90"
OCTETS = 'multipart/related; type="application/octet-stream"'
DECODED = [simplejpeg.decode_jpeg(frame, "RGB") for frame in JPEG_FRAMES]


def path_of(found: pydicom.Dataset) -> str:
    return (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}"
    )


@pytest.mark.parametrize(
    "accept",
    [
        "application/octet-stream",
        f"application/octet-stream; transfer-syntax={PLAIN}",
        f"image/jls, application/octet-stream;q=0.1; transfer-syntax={PLAIN}",
    ],
)
def test_a_frame_alone_is_decoded_where_octets_are_asked_for(archive, accept):
    answer = archive.server.get(f"{JPEG}/frames/2", accept)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == (f"application/octet-stream; transfer-syntax={PLAIN}")
    assert answer.content == DECODED[1].tobytes()


@pytest.mark.parametrize("accept", [OCTETS, f"{OCTETS}; transfer-syntax={PLAIN}"])
def test_frames_in_multipart_are_decoded(archive, accept):
    answer = archive.server.get(f"{JPEG}/frames/3,1", accept)

    parts = parts_of(answer)
    assert [body for _, body in parts] == [DECODED[2].tobytes(), DECODED[0].tobytes()]
    assert {headers["Content-Type"] for headers, _ in parts} == {
        f"application/octet-stream; transfer-syntax={PLAIN}"
    }
    assert answer.headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "image/*",
        f"application/octet-stream; transfer-syntax={PLAIN}, image/jpeg;q=0.1",
        f'{OCTETS}; transfer-syntax={PLAIN}, multipart/related; type="image/jpeg";q=0.2',
    ],
)
def test_what_is_stored_goes_first_wherever_it_is_accepted(archive, accept):
    answer = archive.server.get(f"{JPEG}/frames/1", accept)

    assert JPEG_FRAMES[0] in answer.content
    assert "image/jpeg" in answer.headers["content-type"]


def test_a_native_frame_becomes_jpeg_where_baseline_is_named(archive):
    answer = archive.server.get(f"{NATIVE}/frames/1", f"image/jpeg; transfer-syntax={BASELINE}")
    several = archive.server.get(
        f"{NATIVE}/frames/1,2", f'multipart/related; type="image/jpeg"; transfer-syntax={BASELINE}'
    )

    assert answer.headers["content-type"] == "image/jpeg"
    found = simplejpeg.decode_jpeg(answer.content, "RGB")
    assert found.shape == (16, 16, 3)
    assert parts_of(several)[0][1] == answer.content
    assert len(parts_of(several)) == 2


def test_loss_is_never_implied(archive):
    for accept in ("image/jpeg", 'multipart/related; type="image/jpeg"', "image/jpeg;q=0.9"):
        answer = archive.server.get(f"{NATIVE}/frames/1", accept)

        assert answer.status_code == 406
        assert f"transfer-syntax={BASELINE}" in answer.json()["message"]


def test_encodings_have_tags_of_their_own(archive):
    stored = archive.server.get(f"{JPEG}/frames/1", "image/jpeg")
    decoded = archive.server.get(f"{JPEG}/frames/1", "application/octet-stream")
    again = archive.server.get(
        f"{JPEG}/frames/1",
        "application/octet-stream",
        **{"If-None-Match": decoded.headers["etag"]},
    )

    assert stored.headers["etag"] != decoded.headers["etag"]
    assert again.status_code == 304


@pytest.mark.parametrize("syntax", [PLAIN, BASELINE])
def test_a_damaged_frame_cannot_be_had_otherwise(archive, syntax):
    media_type = "image/jpeg" if syntax == BASELINE else "application/octet-stream"

    # The frames of this one are no codestreams.
    for path in (f"{MULLER}/frames/1", MULLER):
        kind = media_type if "frames" in path else "application/dicom"
        answer = archive.server.get(path, f"{kind}; transfer-syntax={syntax}")

        assert answer.status_code == 406
        assert "transfer-syntax=1.2.840.10008.1.2.4.201" in answer.json()["message"]


def gray(bits: int, **attributes: object) -> tuple[pydicom.FileDataset, np.ndarray]:
    """Return a grey instance of two frames, uncompressed, and its pixels."""
    rng = np.random.default_rng(bits)
    pixels = rng.integers(0, 1 << bits, (2, 16, 16), dtype=np.uint16 if bits > 8 else np.uint8)
    found = instances.native(
        pixels.tobytes(),
        2,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=16 if bits > 8 else 8,
        BitsStored=bits,
        HighBit=bits - 1,
        **attributes,
    )
    del found.PlanarConfiguration
    return found, pixels


def encoded(found: pydicom.FileDataset, frames: list[bytes], syntax: str) -> bytes:
    found.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    found.PixelData = pydicom.encaps.encapsulate(frames)
    found["PixelData"].VR = "OB"
    return instances.written(found)


def test_sixteen_bits_come_out_as_they_went_in(server):
    found, pixels = gray(12)
    frames = [imagecodecs.jpeg2k_encode(frame, level=0, codecformat="j2k") for frame in pixels]
    assert server.store(encoded(found, frames, J2K)).status_code == 200

    answer = server.get(f"{path_of(found)}/frames/1,2", OCTETS)
    refused = server.get(f"{path_of(found)}/frames/1", f"image/jpeg; transfer-syntax={BASELINE}")

    assert [body for _, body in parts_of(answer)] == [frame.tobytes() for frame in pixels]
    assert refused.status_code == 406
    assert "12" in refused.json()["message"]


def whole(server, found: pydicom.FileDataset, syntax: str) -> pydicom.FileDataset:
    answer = server.get(path_of(found), f"application/dicom; transfer-syntax={syntax}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={syntax}"
    made = pydicom.dcmread(io.BytesIO(answer.content))
    assert made.file_meta.TransferSyntaxUID == syntax
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    return made


def test_an_instance_is_decompressed(archive):
    answer = archive.server.get(JPEG, f"application/dicom; transfer-syntax={PLAIN}")

    made = pydicom.dcmread(io.BytesIO(answer.content))
    stored = pydicom.dcmread(io.BytesIO(archive.files["jpeg"]))
    assert made.SOPInstanceUID == "1.2.3.1.1.1"
    assert made.PhotometricInterpretation == "RGB"
    assert np.array_equal(made.pixel_array, np.stack(DECODED))
    changed = {"PixelData", "PhotometricInterpretation"}
    assert [e for e in made if e.keyword not in changed] == [
        e for e in stored if e.keyword not in changed
    ]


def test_a_grey_instance_keeps_its_values(server):
    found, pixels = gray(12)
    frames = [imagecodecs.jpegls_encode(frame) for frame in pixels]
    server.store(encoded(found, frames, "1.2.840.10008.1.2.4.80"))

    made = whole(server, found, PLAIN)

    assert made.PhotometricInterpretation == "MONOCHROME2"
    assert np.array_equal(made.pixel_array, pixels)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_an_instance_of_a_retired_encoding_is_rewritten(server, syntax):
    found, pixels = gray(12)
    found.file_meta.TransferSyntaxUID = syntax
    stored = pixels.astype(">u2" if syntax == ExplicitVRBigEndian else "<u2")
    found.PixelData = stored.tobytes()
    found["PixelData"].VR = "OW"
    found.OpticalPathSequence = [instances.item(ICCProfile=bytes(range(256)) * 2)]
    buffer = io.BytesIO()
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    pydicom.dcmwrite(buffer, found, enforce_file_format=True)
    assert server.store(buffer.getvalue()).status_code == 200

    made = whole(server, found, PLAIN)
    value = server.get(f"{path_of(found)}/bulkdata/7FE00010", "application/octet-stream")
    frame = server.get(f"{path_of(found)}/frames/2", "application/octet-stream")

    assert np.array_equal(made.pixel_array, pixels)
    assert made.OpticalPathSequence[0].ICCProfile == bytes(range(256)) * 2
    assert value.content == pixels.tobytes()
    assert frame.content == pixels[1].tobytes()
    assert frame.headers["content-type"].endswith(f"transfer-syntax={PLAIN}")


def test_a_report_is_rewritten_without_pixels(server):
    found = instances.dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.34")
    found.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    server.store(instances.written(found))

    made = whole(server, found, PLAIN)

    assert "PixelData" not in made
    assert made.PatientName == "Doe^Jane"
    assert (
        server.get(path_of(found), f"application/dicom; transfer-syntax={BASELINE}").status_code
        == 406
    )


def test_an_instance_in_jpeg_is_another_one_that_says_so(server):
    pixels = np.tile(np.arange(16, dtype=np.uint8)[:, None, None] * 15, (2, 1, 16, 3))
    found = instances.native(pixels.tobytes(), 2, PhotometricInterpretation="RGB")
    server.store(instances.written(found))

    made = whole(server, found, BASELINE)

    assert np.abs(made.pixel_array.astype(int) - pixels).max() < 12
    assert made.SOPInstanceUID != found.SOPInstanceUID
    assert made.LossyImageCompression == "01"
    assert made.LossyImageCompressionMethod == "ISO_10918_1"
    assert made.LossyImageCompressionRatio > 1
    assert made.ImageType[0] == "DERIVED"
    assert made.PhotometricInterpretation == "YBR_FULL_422"
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == found.SOPInstanceUID
    assert whole(server, found, BASELINE).SOPInstanceUID == made.SOPInstanceUID


def test_planes_stay_planes(server):
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    found = instances.native(pixels.tobytes(), 1, PhotometricInterpretation="RGB")
    found.compress(RLELossless)
    found.PlanarConfiguration = 1
    server.store(instances.written(found))

    frame = server.get(f"{path_of(found)}/frames/1", "application/octet-stream")
    made = whole(server, found, PLAIN)

    assert frame.content == pixels.transpose(2, 0, 1).tobytes()
    assert np.array_equal(made.pixel_array, pixels)


def test_a_study_of_several_encodings_is_had_in_one(archive):
    wanted = f'multipart/related; type="application/dicom"; transfer-syntax={PLAIN}'

    parts = parts_of(archive.server.get("/studies/1.2.3.1", wanted))

    assert {headers["Content-Type"] for headers, _ in parts} == {
        f"application/dicom; transfer-syntax={PLAIN}"
    }
    assert parts[1][1] == archive.files["native"]
    made = [pydicom.dcmread(io.BytesIO(body)) for _, body in parts]
    assert [item.SOPInstanceUID for item in made] == ["1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.1.2.1"]
    assert {item.file_meta.TransferSyntaxUID for item in made} == {ExplicitVRLittleEndian}


def test_native_frames_are_not_made_anew(archive):
    for accept in ("application/octet-stream", f"{OCTETS}; transfer-syntax={PLAIN}"):
        assert NATIVE_FRAMES[0] in archive.server.get(f"{NATIVE}/frames/1", accept).content


HTJ2K = "1.2.840.10008.1.2.4.201"
SYNTAXES = [
    BASELINE,
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    J2K,
    "1.2.840.10008.1.2.4.110",
    "1.2.840.10008.1.2.4.111",
    HTJ2K,
    "1.2.840.10008.1.2.4.100",
    "1.2.840.10008.1.2.5",
]


ODD = [
    {"Rows": 0},
    {"Rows": 65535, "Columns": 65535},
    {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0},
    {"BitsAllocated": 64},
    {"BitsStored": 99},
    {"SamplesPerPixel": 2},
    {"PhotometricInterpretation": "PALETTE COLOR"},
    {"PhotometricInterpretation": "ELSE"},
]


@pytest.mark.parametrize(
    ("syntax", "attributes"),
    [*((syntax, {}) for syntax in SYNTAXES), *((J2K, attributes) for attributes in ODD)],
)
def test_frames_that_are_none_are_refused_and_never_an_error_of_the_server(
    server, syntax, attributes
):
    frames = [
        JPEG_FRAMES[0][:300],
        b"\xff\x4f\xff\x51" + bytes(60),
        b"\xff\x0a" + bytes(50),
        b"\0\0",
    ]
    # Not every syntax is one that pydicom writes.
    is_known = not syntax.startswith("1.2.840.10008.1.2.4.11")
    found = instances.slide(frames, syntax if is_known else HTJ2K, **attributes)
    file = instances.written(found).replace(HTJ2K.encode(), syntax.encode())
    assert server.store(file).status_code == 200

    for number in range(1, 5):
        for accept in (
            "application/octet-stream",
            f"image/jpeg; transfer-syntax={BASELINE}, image/x; q=0.1",
        ):
            answer = server.get(f"{path_of(found)}/frames/{number}", accept)
            is_stored = syntax == BASELINE and "jpeg" in accept
            assert answer.status_code == (200 if is_stored else 406)
    whole_one = server.get(path_of(found), f"application/dicom; transfer-syntax={PLAIN}")
    assert whole_one.status_code == 406


def test_attributes_that_cannot_be_written_are_told(server):
    found = instances.slide([JPEG_FRAMES[0]], SeriesNumber=7, PatientName="Secret^Name")
    file = instances.written(found)
    odd = file.replace(b"IS\x02\x007 ", b"IS\x02\x00x ")
    assert odd != file
    assert server.store(odd).status_code == 200

    answer = server.get(path_of(found), f"application/dicom; transfer-syntax={PLAIN}")

    assert answer.status_code in (200, 406)
    assert "Secret" not in (answer.text if answer.status_code == 406 else "")
