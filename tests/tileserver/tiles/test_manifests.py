# SPDX-License-Identifier: Apache-2.0
"""IIIF manifests: what a study and a series show, with their words."""

from __future__ import annotations

from picture_archive import CT, EXACT, FILM, LABEL, OVERVIEW, PYRAMID, PYRAMID_UID, REPORT, STUDY

CONTEXT = "http://iiif.io/api/presentation/3/context.json"


def services(manifest):
    return [
        canvas["items"][0]["items"][0]["body"]["service"][0]["id"].partition("/tiles/")[2]
        for canvas in manifest["items"]
    ]


def test_a_series_shows_its_pyramid_its_overview_and_its_label(pictures):
    answer = pictures.tiles(PYRAMID, "/manifest.json")

    address = f"{pictures.server.address}/tiles/{STUDY}/{PYRAMID}"
    manifest = answer.json()
    assert answer.headers["content-type"] == f'application/ld+json;profile="{CONTEXT}"'
    assert manifest["@context"] == CONTEXT
    assert manifest["id"] == f"{address}/manifest.json"
    assert manifest["type"] == "Manifest"
    assert manifest["label"] == {"none": ["S24-1"]}
    assert manifest["metadata"] == [
        {"label": {"en": ["Patient"]}, "value": {"none": ["Doe Jane"]}},
        {"label": {"en": ["Patient ID"]}, "value": {"none": ["P-1"]}},
        {"label": {"en": ["Study date"]}, "value": {"none": ["2024-03-17"]}},
    ]
    assert services(manifest) == [
        f"{STUDY}/{PYRAMID}/pyramids/{PYRAMID_UID}/iiif",
        f"{STUDY}/{PYRAMID}/instances/{OVERVIEW}/iiif",
        f"{STUDY}/{PYRAMID}/instances/{LABEL}/iiif",
    ]
    assert [canvas["label"]["none"][0] for canvas in manifest["items"]] == [
        "S24-1",
        "S24-1 (overview)",
        "S24-1 (label)",
    ]


def test_a_canvas_is_painted_with_the_image_service(pictures):
    canvas = pictures.tiles(PYRAMID, "/manifest.json").json()["items"][0]

    address = f"{pictures.server.address}/tiles/{STUDY}/{PYRAMID}"
    (page,) = canvas["items"]
    (annotation,) = page["items"]
    assert (canvas["id"], canvas["type"]) == (f"{address}/canvas/1", "Canvas")
    assert (canvas["width"], canvas["height"]) == (700, 500)
    assert page["type"] == "AnnotationPage"
    assert annotation["motivation"] == "painting"
    assert annotation["target"] == canvas["id"]
    body = annotation["body"]
    assert (body["type"], body["format"]) == ("Image", "image/jpeg")
    assert body["service"] == [
        {
            "id": f"{address}/pyramids/{PYRAMID_UID}/iiif",
            "type": "ImageService3",
            "profile": "level2",
        }
    ]
    for picture in (body, canvas["thumbnail"][0]):
        got = pictures.get(picture["id"])
        assert got.status_code == 200
        assert got.headers["content-type"] == "image/jpeg"


def test_a_study_shows_all_its_series_that_have_pictures(pictures):
    manifest = pictures.get(f"/tiles/{STUDY}/manifest.json").json()

    found = services(manifest)
    assert len(found) == 6
    assert f"{STUDY}/{EXACT}/iiif" in found
    assert f"{STUDY}/{CT}/instances/{CT}.1/iiif" in found
    assert f"{STUDY}/{FILM}/instances/{FILM}.1/iiif" in found
    assert len({canvas["id"] for canvas in manifest["items"]}) == 6


def test_what_has_no_picture_has_no_manifest(pictures):
    assert pictures.tiles(REPORT, "/manifest.json").status_code == 404
    assert pictures.get("/tiles/9.9/manifest.json").status_code == 404
