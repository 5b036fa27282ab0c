# SPDX-License-Identifier: Apache-2.0
"""The IIIF image service over real slides, by the rules of the IIIF image validator."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from picture_archive import (
    BASE,
    EXACT,
    LABEL,
    LEVEL_FRAMES,
    LEVELS,
    PLAIN,
    PYRAMID,
    PYRAMID_UID,
    STUDY,
    mean_difference,
    pixels_of,
    reduced,
)
from PIL import Image

CONTEXT = "http://iiif.io/api/image/3/context.json"


def iiif(pictures, path, series=EXACT, **headers):
    return pictures.get(f"/tiles/{STUDY}/{series}/iiif/{path}", **headers)


def png(pictures, path, series=EXACT):
    return pixels_of(iiif(pictures, path, series))


def test_the_information_tells_of_the_stored_grid(pictures):
    answer = iiif(pictures, "info.json", PYRAMID)

    information = answer.json()
    assert next(iter(information)) == "@context"
    service = information.pop("service")
    assert information == {
        "@context": CONTEXT,
        "id": f"{pictures.server.address}/tiles/{STUDY}/{PYRAMID}/iiif",
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": 700,
        "height": 500,
        "maxArea": 67_108_864,
        "sizes": [
            {"width": 88, "height": 63},
            {"width": 175, "height": 125},
            {"width": 350, "height": 250},
            {"width": 700, "height": 500},
        ],
        "tiles": [{"width": 128, "height": 128, "scaleFactors": [1, 2, 4, 8]}],
        "preferredFormats": ["jpg"],
        "extraFormats": ["webp", "gif"],
        "extraQualities": ["color", "gray", "bitonal"],
        "extraFeatures": [
            "canonicalLinkHeader",
            "mirroring",
            "profileLinkHeader",
            "rotationArbitrary",
            "sizeUpscaling",
        ],
    }
    assert service[0]["physicalScale"] == pytest.approx(0.0005)
    assert service[0]["physicalUnits"] == "mm"
    assert answer.headers["link"] == '<http://iiif.io/api/image/3/level2.json>;rel="profile"'


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", f'application/ld+json;profile="{CONTEXT}"'),
        ("application/ld+json", f'application/ld+json;profile="{CONTEXT}"'),
        ("application/json", "application/json"),
        ("application/json, */*;q=0.1", "application/json"),
    ],
)
def test_the_information_is_json_ld_or_json(pictures, accept, content_type):
    answer = iiif(pictures, "info.json", accept=accept)

    assert answer.headers["content-type"] == content_type
    assert answer.json()["type"] == "ImageService3"


def test_the_image_itself_leads_to_its_information(pictures):
    answer = pictures.get(f"/tiles/{STUDY}/{EXACT}/iiif")

    assert answer.status_code == 303
    assert answer.headers["location"] == (
        f"{pictures.server.address}/tiles/{STUDY}/{EXACT}/iiif/info.json"
    )


@pytest.mark.parametrize(
    ("region", "part"),
    [
        ("full", np.s_[:, :]),
        ("square", np.s_[:, 50:250]),
        ("10,20,64,64", np.s_[20:84, 10:74]),
        ("63,63,2,2", np.s_[63:65, 63:65]),
        ("250,150,100,100", np.s_[150:, 250:]),
        ("pct:50,25,25,50", np.s_[50:150, 150:225]),
    ],
)
def test_regions_are_the_stored_pixels(pictures, region, part):
    assert (png(pictures, f"{region}/max/0/default.png") == PLAIN[part]).all()


@pytest.mark.parametrize(
    ("size", "width", "height"),
    [
        ("150,", 150, 100),
        (",50", 75, 50),
        ("pct:10", 30, 20),
        ("100,100", 100, 100),
        ("!100,100", 100, 67),
        ("300,200", 300, 200),
    ],
)
def test_sizes_are_means_of_what_is_covered(pictures, size, width, height):
    found = png(pictures, f"full/{size}/0/default.png")

    assert mean_difference(found, reduced(PLAIN, width, height)) < 1


@pytest.mark.parametrize(
    ("size", "width", "height"), [("^600,", 600, 400), ("^!999,500", 750, 500)]
)
def test_sizes_are_enlarged_where_asked(pictures, size, width, height):
    found = png(pictures, f"full/{size}/0/default.png")

    assert found.shape == (height, width, 3)
    assert mean_difference(found[:: height // 200, :: width // 300][:5, :5], PLAIN[:5, :5]) < 4


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        ("90", np.rot90(PLAIN, -1)),
        ("180", PLAIN[::-1, ::-1]),
        ("270", np.rot90(PLAIN)),
        ("!0", PLAIN[:, ::-1]),
        ("!180", PLAIN[::-1]),
        ("!90", np.rot90(PLAIN[:, ::-1], -1)),
    ],
)
def test_pictures_are_mirrored_and_then_turned_clockwise(pictures, rotation, expected):
    assert (png(pictures, f"full/max/{rotation}/default.png") == expected).all()


def test_pictures_are_turned_by_any_angle(pictures):
    found = png(pictures, "full/max/22.5/default.png")

    # 300 cos + 200 sin, 300 sin + 200 cos
    assert abs(found.shape[1] - 353.7) < 2
    assert abs(found.shape[0] - 299.6) < 2
    assert found[0, 0].tolist() == [255, 255, 255]
    assert np.abs(found[found.shape[0] // 2, found.shape[1] // 2] - PLAIN[100, 150]).max() <= 3


def test_qualities(pictures):
    color, default, gray, bitonal = (
        iiif(pictures, f"full/max/0/{quality}.png").content
        for quality in ("color", "default", "gray", "bitonal")
    )

    assert color == default
    assert Image.open(io.BytesIO(gray)).mode == "L"
    luma = PLAIN @ np.array([0.299, 0.587, 0.114])
    assert np.abs(np.asarray(Image.open(io.BytesIO(gray))) - luma).max() <= 0.5001
    assert set(np.unique(np.asarray(Image.open(io.BytesIO(bitonal))))) == {0, 255}


@pytest.mark.parametrize(
    ("extension", "media_type", "name", "allowed"),
    [
        ("jpg", "image/jpeg", "JPEG", 3),
        ("png", "image/png", "PNG", 0),
        ("webp", "image/webp", "WEBP", 5),
        ("gif", "image/gif", "GIF", 9),
    ],
)
def test_formats(pictures, extension, media_type, name, allowed):
    answer = iiif(pictures, f"full/max/0/default.{extension}")

    assert answer.headers["content-type"] == media_type
    assert Image.open(io.BytesIO(answer.content)).format == name
    assert mean_difference(pixels_of(answer), PLAIN) <= allowed


@pytest.mark.parametrize(
    "path",
    [
        "xxxxxx/max/0/default.jpg",
        "full/xxxxxx/0/default.jpg",
        "full/max/xxxx/default.jpg",
        "full/max/0/xxxxxx.jpg",
        "full/max/0/default.xyz",
        "300,0,10,10/max/0/default.jpg",
        "0,0,0,10/max/0/default.jpg",
        "full/301,/0/default.jpg",
        "full/,201/0/default.jpg",
        "full/pct:200/0/default.jpg",
        "full/2000,3000/0/default.jpg",
        "full/^9999,9999/0/default.jpg",
        "full/^8000,8000/45/default.jpg",
        "full/max/361/default.jpg",
        "full/max/-90/default.jpg",
        "full/max/0/default.jpg?window=1",
        "full/max/0/default.jpg?iccprofile=cmyk",
        "full/max/0/default.jpg?quality=0",
        "full/max/0/default.jpg?channel=9,ff0000",
    ],
)
def test_what_breaks_the_rules_is_a_bad_request(pictures, path):
    answer = iiif(pictures, path)

    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"error", "message"}


@pytest.mark.parametrize(
    "path",
    [
        f"/tiles/{STUDY}/9.9/iiif/info.json",
        f"/tiles/9.9/{EXACT}/iiif/info.json",
        f"/tiles/{STUDY}/[frob]/iiif/info.json",
        f"/tiles/{STUDY}/a%2Fb/iiif/info.json",
        f"/tiles/{STUDY}/{EXACT}/pyramids/9.9/iiif/info.json",
        f"/tiles/{STUDY}/{EXACT}/instances/9.9/iiif/info.json",
        f"/tiles/{STUDY}/{EXACT}/instances/{LABEL}/iiif/info.json",
        f"/tiles/{STUDY}/{EXACT}/iiif/full/max/0",
    ],
)
def test_what_is_unknown_is_not_found(pictures, path):
    answer = pictures.get(path)

    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "message"}


def test_links_name_the_profile_and_the_canonical_address(pictures):
    answer = iiif(pictures, "pct:0,0,50,50/75,/360/color.jpg")

    links = {
        name: address
        for address, name in re.findall(r'<([^>]+)>;rel="(\w+)"', answer.headers["link"])
    }
    assert links == {
        "profile": "http://iiif.io/api/image/3/level2.json",
        "canonical": f"{pictures.server.address}/tiles/{STUDY}/{EXACT}/iiif"
        "/0,0,150,100/75,50/0/default.jpg",
    }
    again = pictures.get(links["canonical"])
    assert again.content == answer.content
    assert again.headers["etag"] == answer.headers["etag"]


def test_a_picture_that_the_client_has_is_not_sent_again(pictures):
    path = "0,0,64,64/max/0/default.jpg"
    first = iiif(pictures, path)
    again = iiif(pictures, path, **{"If-None-Match": first.headers["etag"]})
    other = iiif(pictures, path + "?quality=50", **{"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "private, max-age=300"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert other.status_code == 200
    assert other.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    ("region", "size", "level", "frame"),
    [
        ("0,0,128,128", "128,128", 0, 0),
        ("128,256,128,128", "max", 0, 13),
        ("256,0,256,256", "128,", 1, 1),
        ("0,0,512,256", None, None, None),
        ("512,0,128,128", "max", 0, 4),
        ("0,0,512,512", None, None, None),
    ],
)
def test_a_tile_that_is_a_stored_frame_is_that_frame(pictures, region, size, level, frame):
    if level is None:
        width = region.split(",")[2]
        stored = iiif(pictures, f"{region}/{int(width) // 4},/0/default.jpg", PYRAMID).content
        assert stored not in {stream for frames in LEVEL_FRAMES for stream in frames}
        return

    answer = iiif(pictures, f"{region}/{size}/0/default.jpg", PYRAMID)

    assert answer.content == LEVEL_FRAMES[level][frame]


@pytest.mark.parametrize(
    "path",
    [
        "0,0,128,128/128,128/0/gray.jpg",
        "0,0,128,128/128,128/!0/default.jpg",
        "0,0,128,128/128,128/0/default.png",
        "0,0,128,128/128,128/0/default.jpg?quality=60",
        "0,0,128,128/128,128/0/default.jpg?iccprofile=srgb",
        "1,0,128,128/128,128/0/default.jpg",
        "640,0,60,128/60,128/0/default.jpg",
    ],
)
def test_what_is_asked_of_a_frame_is_done(pictures, path):
    answer = iiif(pictures, path, PYRAMID)

    assert answer.status_code == 200
    assert answer.content not in LEVEL_FRAMES[0]


@pytest.mark.parametrize(
    ("path", "part", "allowed"),
    [
        ("full/max/0/default.png", np.s_[:, :], 0),
        ("100,90,300,200/max/0/default.png", np.s_[90:290, 100:400], 0),
        ("640,384,128,128/max/0/default.png", np.s_[384:, 640:], 0),
        ("0,0,700,500/175,125/0/default.png", np.s_[:, :], 2),
        ("130,130,400,200/100,50/0/default.png", np.s_[130:330, 130:530], 2),
        ("full/88,63/0/default.png", np.s_[:, :], 2),
    ],
)
def test_a_pyramid_is_joined_over_its_frames_and_levels(pictures, path, part, allowed):
    found = png(pictures, path, PYRAMID)

    expected = BASE[part]
    if found.shape != expected.shape:
        expected = reduced(expected, found.shape[1], found.shape[0])
    assert mean_difference(found, expected) <= allowed


def test_a_pyramid_by_its_uid_and_an_instance_are_images_too(pictures):
    by_uid = pictures.tiles(PYRAMID, f"/pyramids/{PYRAMID_UID}/iiif/info.json").json()
    level = pictures.tiles(PYRAMID, f"/instances/{LEVELS[1]}/iiif/info.json").json()
    label = pictures.tiles(PYRAMID, f"/instances/{LABEL}/iiif/full/max/0/default.png")

    assert (by_uid["width"], by_uid["height"]) == (700, 500)
    assert by_uid["id"].endswith(f"/pyramids/{PYRAMID_UID}/iiif")
    assert (level["width"], level["height"]) == (350, 250)
    assert pixels_of(label).shape == (60, 90, 3)
    assert (pixels_of(label) == (250, 250, 240)).all()
