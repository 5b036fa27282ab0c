# SPDX-License-Identifier: Apache-2.0
"""Rendered resources and thumbnails (PS3.18 8.3.5, 8.7.4, 10.4.1.1.3 and 10.4.1.1.4)."""

from __future__ import annotations

import io

import instances
import numpy as np
import pydicom
import pytest
import simplejpeg
from picture_archive import (
    BASE,
    CT,
    CT_VALUES,
    EXACT,
    FILM,
    FILM_COLORS,
    LABEL,
    LEVEL_FRAMES,
    LEVELS,
    OVERVIEW,
    PLAIN,
    PYRAMID,
    REPORT,
    STUDY,
    mean_difference,
    picture,
    pixels_of,
    reduced,
)
from PIL import Image
from servers import parts_of


def rendered(pictures, series, instance, query="", accept="image/png", rest="/rendered"):
    return pictures.server.get(pictures.wado(series, instance, rest) + query, accept)


def test_a_level_of_a_slide_is_one_whole_picture(pictures):
    fine = pixels_of(rendered(pictures, PYRAMID, LEVELS[0]))
    coarse = pixels_of(rendered(pictures, PYRAMID, LEVELS[2]))

    assert (fine == BASE).all()
    assert mean_difference(coarse, reduced(BASE, 175, 125)) < 2


@pytest.mark.parametrize(
    ("instance", "color"), [(OVERVIEW, (200, 150, 160)), (LABEL, (250, 250, 240))]
)
def test_overview_and_label_are_rendered(pictures, instance, color):
    found = pixels_of(rendered(pictures, PYRAMID, instance))

    assert found.shape == (60, 90, 3)
    assert (found == color).all()


@pytest.mark.parametrize(
    ("accept", "media_type", "name", "allowed"),
    [
        (None, "image/jpeg", "JPEG", 3),
        ("*/*", "image/jpeg", "JPEG", 3),
        ("image/*", "image/jpeg", "JPEG", 3),
        ("image/jpeg", "image/jpeg", "JPEG", 3),
        ("image/png", "image/png", "PNG", 0),
        ("image/gif", "image/gif", "GIF", 9),
        ("image/webp", "image/webp", "WEBP", 5),
        ("image/jpeg;q=0.1, image/png;q=0.9", "image/png", "PNG", 0),
        ("image/avif,image/webp,image/apng,*/*;q=0.8", "image/webp", "WEBP", 5),
        ("text/html, image/gif", "image/gif", "GIF", 9),
    ],
)
def test_media_types(pictures, accept, media_type, name, allowed):
    answer = rendered(pictures, EXACT, f"{EXACT}.1", accept=accept)

    assert answer.headers["content-type"] == media_type
    assert Image.open(io.BytesIO(answer.content)).format == name
    assert mean_difference(pixels_of(answer), PLAIN) <= allowed


def test_the_accept_parameter_goes_over_the_header(pictures):
    answer = rendered(pictures, EXACT, f"{EXACT}.1", "?accept=image%2Fgif", accept="image/png")

    assert answer.headers["content-type"] == "image/gif"


@pytest.mark.parametrize("accept", ["text/html", "application/dicom", "video/mp4", "image/tiff"])
def test_other_media_types_are_not_acceptable(pictures, accept):
    answer = rendered(pictures, EXACT, f"{EXACT}.1", accept=accept)

    assert answer.status_code == 406
    assert "image/jpeg" in answer.json()["message"]


def test_jpeg_is_baseline(pictures):
    stream = rendered(pictures, EXACT, f"{EXACT}.1", accept="image/jpeg").content

    assert b"\xff\xc0\x00\x11\x08" in stream
    assert b"\xff\xc2" not in stream[: stream.index(b"\xff\xda")]


@pytest.mark.parametrize(
    ("viewport", "expected"),
    [
        ("150,100", reduced(PLAIN, 150, 100)),
        ("150,150", reduced(PLAIN, 150, 100)),
        ("50,50,10,20,50,50", PLAIN[20:70, 10:60]),
        ("50,50,10,20,-50,50", PLAIN[20:70, 10:60][:, ::-1]),
        ("50,50,10,20,50,-50", PLAIN[20:70, 10:60][::-1]),
        ("50,50,10,20,-50,-50", PLAIN[20:70, 10:60][::-1, ::-1]),
        ("100,100,,,200,200", reduced(PLAIN[:200, :200], 100, 100)),
        ("100,50,200,150", PLAIN[150:, 200:]),
        ("300,200,,,-300", PLAIN[:, ::-1]),
    ],
)
def test_viewports(pictures, viewport, expected):
    found = pixels_of(rendered(pictures, EXACT, f"{EXACT}.1", f"?viewport={viewport}"))

    assert mean_difference(found, expected) < 0.6


def test_a_viewport_of_a_fine_level_is_made_of_coarser_ones(pictures):
    found = pixels_of(rendered(pictures, PYRAMID, LEVELS[0], "?viewport=88,63"))

    assert mean_difference(found, reduced(BASE, 88, 63)) < 2


@pytest.mark.parametrize(
    "query",
    [
        "viewport=",
        "viewport=0,0",
        "viewport=10",
        "viewport=10,10,300,0",
        "viewport=32768,32768",
        "quality=0",
        "quality=101",
        "quality=x",
        "window=1,0,linear",
        "window=1,2,cubic",
        "annotation=",
        "annotation=everything",
        "iccprofile=cmyk",
    ],
)
def test_parameters_that_make_no_sense_are_bad_requests(pictures, query):
    for rest in ("/rendered", "/frames/1/rendered", "/thumbnail"):
        answer = rendered(pictures, EXACT, f"{EXACT}.1", f"?{query}", rest=rest)
        assert answer.status_code == 400, (rest, answer.text)
        assert set(answer.json()) == {"error", "message"}


def test_unknown_parameters_are_ignored(pictures):
    assert rendered(pictures, EXACT, f"{EXACT}.1", "?foo=1").status_code == 200


def test_quality_is_that_of_jpeg(pictures):
    fine, coarse = (
        rendered(pictures, EXACT, f"{EXACT}.1", f"?quality={quality}", "image/jpeg")
        for quality in (95, 10)
    )

    assert len(coarse.content) < len(fine.content) / 2
    assert mean_difference(pixels_of(fine), PLAIN) < mean_difference(pixels_of(coarse), PLAIN)


def test_windows_of_grey_values(pictures):
    own = pixels_of(rendered(pictures, CT, f"{CT}.1"))[:, :, 0]
    wide = pixels_of(rendered(pictures, CT, f"{CT}.1", "?window=0,2001,linear"))[:, :, 0]
    exact = pixels_of(rendered(pictures, CT, f"{CT}.1", "?window=100,200,linear-exact"))[:, :, 0]
    sigmoid = pixels_of(rendered(pictures, CT, f"{CT}.1", "?window=0,400,sigmoid"))[:, :, 0]

    # PS3.3 C.11.2.1.2.1: ((x - (c - 0.5)) / (w - 1) + 0.5) * 255
    linear = np.clip(((CT_VALUES + 0.5) / 399 + 0.5) * 255, 0, 255)
    assert np.abs(own - linear).max() <= 1
    assert np.abs(wide - ((CT_VALUES + 0.5) / 2000 + 0.5) * 255).max() <= 1
    assert np.abs(exact - np.clip(((CT_VALUES - 100) / 200 + 0.5) * 255, 0, 255)).max() <= 1
    assert np.abs(sigmoid - 255 / (1 + np.exp(-4 * CT_VALUES / 400))).max() <= 1


def test_a_profile_is_embedded_where_asked(pictures):
    def profile(choice):
        answer = rendered(pictures, EXACT, f"{EXACT}.1", f"?iccprofile={choice}")
        return Image.open(io.BytesIO(answer.content)).info.get("icc_profile")

    assert profile("no") is None
    assert profile("yes")
    assert profile("srgb")
    assert profile("adobergb") != profile("srgb")


def test_annotations_are_written_into_the_picture(pictures):
    plain = pixels_of(rendered(pictures, PYRAMID, LEVELS[0]))
    patient, technique, both = (
        pixels_of(rendered(pictures, PYRAMID, LEVELS[0], f"?annotation={words}"))
        for words in ("patient", "technique", "patient,technique")
    )

    for found in (patient, technique, both):
        assert found.shape == plain.shape
        assert (found[:40, :60] != plain[:40, :60]).any()
        assert (found[400:] == plain[400:]).all()
    assert (patient != technique).any()
    assert (both != patient).any()


def test_technique_tells_the_pixels_of_the_picture(pictures):
    coarse, plain, scaled = (
        pixels_of(rendered(pictures, PYRAMID, level, query))
        for level, query in (
            (LEVELS[1], "?annotation=technique"),
            (LEVELS[1], ""),
            (LEVELS[0], "?annotation=technique&viewport=350,250"),
        )
    )
    words = (coarse != plain).any(axis=2)

    assert words.any()
    assert (scaled[words] == coarse[words]).all()


def test_a_frame_is_a_picture(pictures):
    found = pixels_of(rendered(pictures, EXACT, f"{EXACT}.1", rest="/frames/7/rendered"))
    part = "?viewport=20,20,10,10,-20,20"
    cut = pixels_of(rendered(pictures, EXACT, f"{EXACT}.1", part, rest="/frames/7/rendered"))

    assert (found == PLAIN[64:128, 64:128]).all()
    assert (cut == PLAIN[74:94, 74:94][:, ::-1]).all()


def test_a_stored_jpeg_frame_is_its_own_picture(pictures):
    answer = rendered(pictures, PYRAMID, LEVELS[1], accept="image/jpeg", rest="/frames/2/rendered")

    assert answer.content == LEVEL_FRAMES[1][1]


def test_several_frames_are_parts(pictures):
    for accept, media_type in (
        (None, "image/jpeg"),
        ('multipart/related; type="image/png"', "image/png"),
    ):
        answer = rendered(pictures, FILM, f"{FILM}.1", accept=accept, rest="/frames/5,2/rendered")
        parts = parts_of(answer)
        assert [headers["Content-Type"] for headers, _ in parts] == [media_type] * 2
        for (_, stream), number in zip(parts, (4, 1), strict=True):
            assert np.abs(picture(stream) - FILM_COLORS[number]).max() <= 3
    assert (
        rendered(pictures, FILM, f"{FILM}.1", accept="image/png", rest="/frames/1,2/rendered")
    ).status_code == 406


def test_an_instance_of_loose_frames_is_all_its_frames(pictures):
    parts = parts_of(rendered(pictures, FILM, f"{FILM}.1", accept=None))

    assert len(parts) == 5
    assert rendered(pictures, FILM, f"{FILM}.1", accept="image/png").status_code == 406


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        ("/frames/0/rendered", 400),
        ("/frames/x/rendered", 400),
        ("/frames/1,/rendered", 400),
        ("/frames/21/rendered", 404),
        ("/frames/1,21/rendered", 404),
        ("/frames/21/thumbnail", 404),
        ("/frames/1,2/thumbnail", 404),
    ],
)
def test_frames_that_are_not_there(pictures, rest, status):
    assert rendered(pictures, EXACT, f"{EXACT}.1", rest=rest).status_code == status


def test_a_series_and_a_study_are_their_pictures(pictures):
    multipart = 'multipart/related; type="image/png"'
    series = parts_of(rendered(pictures, PYRAMID, None, accept=multipart))
    study = parts_of(
        pictures.server.get(f"/studies/{STUDY}/rendered?viewport=20,20", "multipart/related")
    )

    assert [picture(stream).shape[:2] for _, stream in series] == [
        (500, 700), (250, 350), (125, 175), (60, 90), (60, 90),
    ]  # fmt: skip
    assert len(study) == 8
    assert max(max(picture(stream).shape[:2]) for _, stream in study) == 20
    assert pixels_of(rendered(pictures, EXACT, None)).shape == (200, 300, 3)


@pytest.mark.parametrize("accept", ["multipart/related", 'multipart/related; type="*/*"'])
def test_who_takes_parts_only_gets_parts(pictures, accept):
    answer = pictures.server.get(pictures.wado(EXACT, f"{EXACT}.1", "/rendered"), accept)

    assert [head["Content-Type"] for head, _ in parts_of(answer)] == ["image/jpeg"]


def test_what_has_no_picture_is_not_acceptable(pictures):
    for instance in (f"{REPORT}.1", None):
        answer = rendered(pictures, REPORT, instance)
        assert answer.status_code == 406
        assert set(answer.json()) == {"error", "message"}


@pytest.mark.parametrize(
    ("path", "size"),
    [
        (f"/studies/{STUDY}/thumbnail", (183, 256)),
        (f"/studies/{STUDY}/series/{PYRAMID}/thumbnail", (183, 256)),
        (f"/studies/{STUDY}/series/{PYRAMID}/instances/{LEVELS[2]}/thumbnail", (183, 256)),
        (f"/studies/{STUDY}/series/{PYRAMID}/instances/{LEVELS[2]}/frames/1/thumbnail", (256, 256)),
        (f"/studies/{STUDY}/series/{PYRAMID}/thumbnail?viewport=64,64", (46, 64)),
        (f"/studies/{STUDY}/series/{CT}/thumbnail", (205, 256)),
        (f"/studies/{STUDY}/series/{FILM}/thumbnail", (192, 256)),
    ],
)
def test_thumbnails_are_small_pictures(pictures, path, size):
    answer = pictures.server.get(path)

    assert answer.headers["content-type"] == "image/jpeg"
    assert pixels_of(answer).shape[:2] == size


def test_thumbnails_never_name_the_patient(pictures):
    plain = pictures.server.get(pictures.wado(PYRAMID, LEVELS[0], "/thumbnail"), "image/png")
    words = pictures.server.get(
        pictures.wado(PYRAMID, LEVELS[0], "/thumbnail?annotation=patient"), "image/png"
    )

    assert words.content == plain.content
    for instance in (LABEL, OVERVIEW):
        for rest in ("/thumbnail", "/frames/1/thumbnail"):
            answer = rendered(pictures, PYRAMID, instance, rest=rest)
            assert answer.status_code == 404
            assert "label" in answer.json()["message"]


def test_what_has_no_picture_has_no_thumbnail(pictures):
    assert rendered(pictures, REPORT, f"{REPORT}.1", rest="/thumbnail").status_code == 404
    assert rendered(pictures, REPORT, None, rest="/thumbnail").status_code == 404


@pytest.mark.parametrize("rest", ["/rendered", "/thumbnail", "/frames/1/rendered"])
def test_pictures_are_validated_by_their_tag(pictures, rest):
    path = pictures.wado(EXACT, f"{EXACT}.1", rest)
    first = pictures.server.get(path, "image/png")
    tag = first.headers["etag"]
    again = pictures.server.get(path, "image/png", **{"If-None-Match": f'"other", {tag}'})
    other_form = pictures.server.get(path, "image/jpeg", **{"If-None-Match": tag})
    other_size = pictures.server.get(path + "?viewport=9,9", "image/png", **{"If-None-Match": tag})

    assert first.headers["cache-control"] == "private, max-age=300"
    assert first.headers["vary"] == "Accept"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert (other_form.status_code, other_size.status_code) == (200, 200)


def test_head_tells_the_same(pictures):
    path = pictures.wado(EXACT, f"{EXACT}.1", "/rendered")
    got = pictures.server.get(path, "image/png")
    head = pictures.server.http.head(f"/dicomweb{path}", headers={"Accept": "image/png"})

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.headers["etag"] == got.headers["etag"]


@pytest.mark.parametrize(
    "path",
    [
        "/studies/9.9/rendered",
        "/studies/9.9/thumbnail",
        f"/studies/{STUDY}/series/9.9/rendered",
        f"/studies/{STUDY}/series/{CT}/instances/{LABEL}/rendered",
        f"/studies/{STUDY}/series/{CT}/instances/{LABEL}/thumbnail",
        f"/studies/{STUDY}/series/{CT}/instances/{LABEL}/frames/1/rendered",
    ],
)
def test_what_is_unknown_is_not_found(pictures, path):
    assert pictures.server.get(path).status_code == 404


@pytest.mark.parametrize("rest", ["rendered", "thumbnail"])
def test_a_picture_has_another_tag_once_there_is_a_coarser_level_to_draw_it_from(server, rest):
    fine, coarse = (_level_of(side, level) for side, level in ((1024, 90), (512, 160)))
    for one in (fine, coarse):
        one.StudyInstanceUID, one.SeriesInstanceUID = "1.2.77", "1.2.77.1"
        one.FrameOfReferenceUID = "1.2.77.2"
    path = f"/studies/1.2.77/series/1.2.77.1/instances/{fine.SOPInstanceUID}/{rest}?viewport=64,64"
    assert server.store(instances.written(fine)).status_code == 200
    alone = server.get(path, "image/png")
    assert server.store(instances.written(coarse)).status_code == 200
    tag = alone.headers["etag"]
    reduced_once = server.get(path, "image/png", **{"If-None-Match": tag})
    deleted = server.http.delete(
        f"/dicomweb/studies/1.2.77/series/1.2.77.1/instances/{coarse.SOPInstanceUID}"
    )
    again = server.get(path, "image/png", **{"If-None-Match": tag})
    server.http.delete("/dicomweb/studies/1.2.77")

    assert reduced_once.status_code == 200
    assert (pixels_of(alone).mean() < 120, pixels_of(reduced_once).mean() > 140) == (True, True)
    assert reduced_once.headers["etag"] != tag
    assert (deleted.status_code, again.status_code) == (204, 304)


def _level_of(side: int, grey: int) -> pydicom.FileDataset:
    """Return a level of one grey, so that it shows which one a picture is made of."""
    frame = simplejpeg.encode_jpeg(np.full((256, 256, 3), grey, np.uint8))
    found = instances.slide([frame] * (side // 256) ** 2, Rows=256, Columns=256)
    found.TotalPixelMatrixColumns = found.TotalPixelMatrixRows = side
    found.DimensionOrganizationType = "TILED_FULL"
    return found
