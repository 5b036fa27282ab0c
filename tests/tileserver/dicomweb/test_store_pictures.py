# SPDX-License-Identifier: Apache-2.0
"""STOW-RS of pictures as bulk data, with metadata that do not describe pixels (PS3.18 10.5.2)."""

from __future__ import annotations

import io
import json

import imagecodecs
import instances
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import generate_frames
from store_requests import JSON_TYPE, body, post, stored

GREY = np.arange(15, dtype=np.uint8).reshape(3, 5) * 16
COLORS = np.stack([GREY, GREY[::-1], 255 - GREY], axis=-1)
DEEP = GREY.astype(np.uint16) * 257
DESCRIPTION = (
    "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration", "NumberOfFrames",
)  # fmt: skip


def picture(**attributes) -> pydicom.Dataset:
    """Return a secondary capture that has nothing of its pixels but what is given."""
    found = instances.dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", Modality="OT")
    for keyword in (*DESCRIPTION, "OpticalPathSequence"):
        if keyword in found:
            del found[keyword]
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    return found


def sent(found: pydicom.Dataset, media_type: str, *streams: bytes) -> bytes:
    model = json.loads(found.to_json())
    model["7FE00010"] = {"vr": "OB", "BulkDataURI": "pixels"}
    return body(
        ("application/dicom+json", None, json.dumps([model]).encode()),
        *((media_type, "pixels", stream) for stream in streams),
    )


def described(read: pydicom.Dataset) -> list[object]:
    return [read.get(keyword) for keyword in DESCRIPTION]


def gif(*frames: np.ndarray) -> bytes:
    first, *others = (Image.fromarray(frame) for frame in frames)
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=others)
    return buffer.getvalue()


def rgba(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels, pixels[..., :1]], axis=-1)


@pytest.mark.parametrize(
    ("media_type", "stream", "description", "pixels"),
    [
        ("image/png", imagecodecs.png_encode(GREY),
         [1, "MONOCHROME2", 3, 5, 8, 8, 7, 0, None, None], GREY),
        ("image/png", imagecodecs.png_encode(COLORS),
         [3, "RGB", 3, 5, 8, 8, 7, 0, 0, None], COLORS),
        ("image/png", imagecodecs.png_encode(rgba(COLORS)),
         [3, "RGB", 3, 5, 8, 8, 7, 0, 0, None], COLORS),
        ("image/png", imagecodecs.png_encode(DEEP),
         [1, "MONOCHROME2", 3, 5, 16, 16, 15, 0, None, None], DEEP),
        ("image/gif", gif(COLORS), [3, "RGB", 3, 5, 8, 8, 7, 0, 0, None], COLORS),
        ("image/gif", gif(COLORS, COLORS[::-1]),
         [3, "RGB", 3, 5, 8, 8, 7, 0, 0, 2], np.stack([COLORS, COLORS[::-1]])),
    ],
)  # fmt: skip
def test_png_and_gif_become_native_pixels(server, media_type, stream, description, pixels):
    found = picture()

    answers = [post(server, sent(found, media_type, stream), JSON_TYPE) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    read = stored(server, found)
    assert read.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert described(read) == description
    assert read.PixelData[: pixels.nbytes] == pixels.tobytes()
    assert len(read.PixelData) == pixels.nbytes + pixels.nbytes % 2


def test_several_pictures_are_frames(server):
    found = picture()
    streams = [imagecodecs.png_encode(each) for each in (GREY, GREY[::-1])]

    assert post(server, sent(found, "image/png", *streams), JSON_TYPE).status_code == 200

    read = stored(server, found)
    assert read.NumberOfFrames == 2
    assert read.PixelData == GREY.tobytes() + GREY[::-1].tobytes()


def test_a_grey_picture_in_colours_is_grey_where_the_metadata_say_so(server):
    found = picture(SamplesPerPixel=1)
    grey = np.repeat(GREY[..., None], 3, axis=-1)

    assert post(server, sent(found, "image/gif", gif(grey)), JSON_TYPE).status_code == 200

    assert stored(server, found).PixelData[:15] == GREY.tobytes()


@pytest.mark.parametrize(
    ("media_type", "stream", "syntax", "description"),
    [
        ("image/jpeg", instances.jpeg(3), "50",
         [3, "YBR_FULL_422", instances.SIZE, instances.SIZE, 8, 8, 7, 0, 0, None]),
        ("image/jpeg", imagecodecs.ljpeg_encode(DEEP), "70",
         [1, "MONOCHROME2", 3, 5, 16, 16, 15, 0, None, None]),
        ("image/jp2", imagecodecs.jpeg2k_encode(COLORS, codecformat="J2K", reversible=True), "90",
         [3, "YBR_RCT", 3, 5, 8, 8, 7, 0, 0, None]),
        ("image/jp2", imagecodecs.jpeg2k_encode(COLORS, codecformat="J2K", level=30), "91",
         [3, "YBR_ICT", 3, 5, 8, 8, 7, 0, 0, None]),
        ("image/jls", imagecodecs.jpegls_encode(GREY), "80",
         [1, "MONOCHROME2", 3, 5, 8, 8, 7, 0, None, None]),
    ],
)  # fmt: skip
def test_what_streams_tell_of_themselves_need_not_be_sent(
    server, media_type, stream, syntax, description
):
    found = picture()

    answer = post(server, sent(found, media_type, stream), JSON_TYPE)

    assert answer.status_code == 200, answer.text
    read = stored(server, found)
    assert read.file_meta.TransferSyntaxUID == f"1.2.840.10008.1.2.4.{syntax}"
    assert described(read) == description
    assert next(generate_frames(read.PixelData, number_of_frames=1))[: len(stream)] == stream


def test_of_a_jp2_file_the_codestream_is_stored(server):
    found = picture()
    file = imagecodecs.jpeg2k_encode(COLORS, codecformat="JP2", reversible=True)

    assert post(server, sent(found, "image/jp2", file), JSON_TYPE).status_code == 200

    read = stored(server, found)
    (stream,) = generate_frames(read.PixelData, number_of_frames=1)
    assert stream.startswith(b"\xff\x4f\xff\x51")
    assert stream.rstrip(b"\0") in file
    assert np.array_equal(imagecodecs.jpeg2k_decode(stream), COLORS)


def test_what_is_sent_of_a_compressed_frame_stays(server):
    found = picture(PhotometricInterpretation="RGB", Rows=instances.SIZE)

    post(server, sent(found, "image/jpeg", instances.jpeg(3)), JSON_TYPE)

    read = stored(server, found)
    assert (read.PhotometricInterpretation, read.Columns) == ("RGB", instances.SIZE)


@pytest.mark.parametrize(
    ("attributes", "media_type", "streams"),
    [
        ({}, "image/png", [b"no picture"]),
        ({}, "image/png", [imagecodecs.png_encode(GREY)[:-20]]),
        ({}, "image/gif", [b"GIF89a"]),
        ({}, "image/gif", [imagecodecs.png_encode(GREY)]),
        ({}, "image/png", [imagecodecs.png_encode(GREY), imagecodecs.png_encode(GREY[:2])]),
        ({}, "image/png", [imagecodecs.png_encode(GREY), imagecodecs.png_encode(DEEP)]),
        ({}, "image/gif", [b"GIF89a" + b"\xff\x2f" * 2 + gif(COLORS)[10:]]),
        ({}, "image/jp2", [b"no JPEG 2000"]),
        ({}, "image/jp2", [b"\0\0\0\x0cjP  \r\n\x87\n"]),
        ({"Rows": 4}, "image/png", [imagecodecs.png_encode(GREY)]),
        ({"SamplesPerPixel": 1}, "image/gif", [gif(COLORS)]),
        ({"NumberOfFrames": 3}, "image/gif", [gif(COLORS, COLORS[::-1])]),
        ({}, "image/png", [imagecodecs.png_encode(GREY)[:16] + b"\0\1\0\0" * 2
                           + imagecodecs.png_encode(GREY)[24:]]),
    ],
)  # fmt: skip
def test_what_is_no_picture_or_another_one_is_refused(server, attributes, media_type, streams):
    answer = post(server, sent(picture(**attributes), media_type, *streams), JSON_TYPE)

    assert answer.status_code == 409
    (failure,) = answer.json()["00081198"]["Value"]
    assert failure["00081197"] == {"vr": "US", "Value": [0xC000]}
