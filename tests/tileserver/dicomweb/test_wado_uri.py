# SPDX-License-Identifier: Apache-2.0
"""WADO-URI (PS3.18 chapter 9): an instance or its picture by parameters."""

from __future__ import annotations

import io
from urllib.parse import urlencode

import numpy as np
import pydicom
import pytest
from picture_archive import (
    CT,
    CT_VALUES,
    EXACT,
    FILM,
    FILM_COLORS,
    LEVELS,
    PLAIN,
    PYRAMID,
    REPORT,
    STUDY,
    mean_difference,
    pixels_of,
    reduced,
)


def wado(pictures, series, instance, accept=None, slash="", **more):
    query = {"requestType": "WADO", "studyUID": STUDY, "seriesUID": series, "objectUID": instance}
    return pictures.server.get(f"{slash}?{urlencode(query | more)}", accept)


@pytest.mark.parametrize("slash", ["", "/"])
def test_without_a_type_it_is_a_jpeg(pictures, slash):
    answer = wado(pictures, EXACT, f"{EXACT}.1", slash=slash)

    assert answer.headers["content-type"] == "image/jpeg"
    assert mean_difference(pixels_of(answer), PLAIN) < 3


@pytest.mark.parametrize(
    ("content_type", "accept", "expected"),
    [
        ("image/png", None, "image/png"),
        ("image/png", "image/jpeg", "image/png"),
        ("application/x, image/gif", None, "image/gif"),
        ("*/*", None, "image/jpeg"),
        (None, "image/png", "image/png"),
        (None, "application/dicom", "application/dicom"),
        ("application/dicom", None, "application/dicom"),
    ],
)
def test_the_type_is_told_by_parameter_or_header(pictures, content_type, accept, expected):
    more = {"contentType": content_type} if content_type else {}

    answer = wado(pictures, EXACT, f"{EXACT}.1", accept, **more)

    assert answer.headers["content-type"].partition(";")[0] == expected


def test_application_dicom_is_the_stored_file(pictures):
    answer = wado(pictures, EXACT, f"{EXACT}.1", contentType="application/dicom")
    stored = pictures.server.get(pictures.wado(EXACT, f"{EXACT}.1"), "application/dicom")

    assert answer.content == stored.content
    assert pydicom.dcmread(io.BytesIO(answer.content)).SOPInstanceUID == f"{EXACT}.1"
    same = wado(
        pictures,
        EXACT,
        f"{EXACT}.1",
        contentType="application/dicom",
        transferSyntax="1.2.840.10008.1.2.1",
    )
    assert same.content == stored.content
    report = wado(pictures, REPORT, f"{REPORT}.1", contentType="application/dicom")
    assert report.status_code == 200


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"contentType": "application/dicom", "transferSyntax": "1.2.840.10008.1.2.4.93"}, 406),
        ({"contentType": "application/dicom", "transferSyntax": "jpeg"}, 400),
        ({"contentType": "application/dicom", "anonymize": "yes"}, 406),
        ({"contentType": "application/dicom", "rows": "5"}, 400),
        ({"contentType": "application/dicom", "windowCenter": "5"}, 400),
        ({"contentType": "text/html"}, 406),
        ({"contentType": "nonsense"}, 406),
        ({"anonymize": "yes"}, 400),
        ({"transferSyntax": "1.2.840.10008.1.2.1"}, 400),
        ({"presentationUID": "1.2.3"}, 400),
        ({"presentationSeriesUID": "1.2.3"}, 400),
        ({"frameNumber": "0"}, 400),
        ({"frameNumber": "21"}, 400),
        ({"frameNumber": "1,2"}, 400),
        ({"rows": "0"}, 400),
        ({"columns": "1.5"}, 400),
        ({"rows": "32768", "columns": "32768"}, 400),
        ({"region": "0,0,1"}, 400),
        ({"region": "0,0,0,1"}, 400),
        ({"region": "0,0,2,1"}, 400),
        ({"windowCenter": "5"}, 400),
        ({"windowWidth": "5"}, 400),
        ({"windowCenter": "5", "windowWidth": "0"}, 400),
        ({"imageQuality": "0"}, 400),
        ({"annotation": "all"}, 400),
        ({"requestType": "WADO-RS"}, 400),
        ({"studyUID": ""}, 400),
        ({"objectUID": "9.9"}, 404),
        ({"seriesUID": CT}, 404),
        ({"unknown": "1"}, 200),
        ({"charset": "utf-8"}, 200),
    ],
)
def test_other_requests_are_refused_by_their_kind(pictures, more, status):
    answer = wado(pictures, EXACT, f"{EXACT}.1", **more)

    assert answer.status_code == status, answer.text
    if status != 200:
        assert set(answer.json()) == {"error", "message"}


def test_a_parameter_stands_once(pictures):
    query = f"?requestType=WADO&studyUID={STUDY}&seriesUID={EXACT}&objectUID={EXACT}.1"

    assert pictures.server.get(f"{query}&frameNumber=1&frameNumber=2").status_code == 400
    assert pictures.server.get("?requestType=WADO").status_code == 400
    assert pictures.server.get("").status_code == 400


def test_rows_and_columns_bound_the_picture(pictures):
    for more, size in (
        ({"rows": "100", "columns": "150"}, (100, 150)),
        ({"rows": "100", "columns": "1000"}, (100, 150)),
        ({"rows": "50"}, (50, 75)),
        ({"columns": "30"}, (20, 30)),
        ({"rows": "400", "columns": "600"}, (400, 600)),
    ):
        found = pixels_of(wado(pictures, EXACT, f"{EXACT}.1", contentType="image/png", **more))
        assert found.shape[:2] == size
        if size[0] <= 200:
            assert mean_difference(found, reduced(PLAIN, size[1], size[0])) < 1


def test_a_region_is_in_shares_of_the_image(pictures):
    answer = wado(
        pictures, EXACT, f"{EXACT}.1", contentType="image/png", region="0.25,0.5,0.75,1.0"
    )

    assert (pixels_of(answer) == PLAIN[100:, 75:225]).all()


def test_frames_by_number(pictures):
    slide = wado(pictures, EXACT, f"{EXACT}.1", contentType="image/png", frameNumber="7")
    film = wado(pictures, FILM, f"{FILM}.1", contentType="image/png", frameNumber="5")
    middle = wado(pictures, FILM, f"{FILM}.1", contentType="image/png")

    assert (pixels_of(slide) == PLAIN[64:128, 64:128]).all()
    assert (pixels_of(film) == FILM_COLORS[4]).all()
    assert (pixels_of(middle) == FILM_COLORS[2]).all()
    assert wado(pictures, CT, f"{CT}.1", frameNumber="1").status_code == 400


def test_windows(pictures):
    answer = wado(
        pictures, CT, f"{CT}.1", contentType="image/png", windowCenter="-500", windowWidth="300"
    )

    expected = np.clip(((CT_VALUES + 500.5) / 299 + 0.5) * 255, 0, 255)
    assert np.abs(pixels_of(answer)[:, :, 0] - expected).max() <= 1


def test_quality_and_annotation(pictures):
    coarse, fine = (
        wado(pictures, EXACT, f"{EXACT}.1", imageQuality=quality).content for quality in (10, 95)
    )
    plain, told = (
        pixels_of(wado(pictures, PYRAMID, LEVELS[0], contentType="image/png", **more))
        for more in ({}, {"annotation": "patient,technique"})
    )

    assert len(coarse) < len(fine) / 2
    assert (plain[:40] != told[:40]).any()


def test_what_has_no_picture_is_not_acceptable(pictures):
    assert wado(pictures, REPORT, f"{REPORT}.1").status_code == 406


def test_a_picture_that_the_client_has_is_not_sent_again(pictures):
    path = f"?requestType=WADO&studyUID={STUDY}&seriesUID={EXACT}&objectUID={EXACT}.1"
    tag = pictures.server.get(path).headers["etag"]

    assert pictures.server.get(path, **{"If-None-Match": tag}).status_code == 304
