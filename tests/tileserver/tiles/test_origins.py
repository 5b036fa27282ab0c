# SPDX-License-Identifier: Apache-2.0
"""Viewers of other origins, where the settings let them; addresses behind a proxy."""

from __future__ import annotations

import pytest
from picture_archive import EXACT, STUDY, build
from servers import serving

VIEWER = "https://viewer.example.org"
ROOT = f"/tiles/{STUDY}/{EXACT}"


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    folder = tmp_path_factory.mktemp("public")
    options = ("--cors-origins", "*", "--base-url", "https://slides.example.org/")
    with serving(folder / "data", *options) as server:
        assert server.store(*build()).status_code == 200
        yield server


@pytest.mark.parametrize(
    "path",
    [
        "/iiif/info.json",
        "/iiif/full/max/0/default.jpg",
        "/manifest.json",
        "/slide.dzi",
        "/slide_files/9/0_0.jpg",
        "/xyz/tile.json",
        "/region?x=0&y=0&width=9&height=9&format=raw",
        "/iiif/full/bad/0/default.jpg",
    ],
)
def test_pages_of_other_origins_read_what_the_settings_allow(public, pictures, path):
    allowed = public.http.get(ROOT + path, headers={"Origin": VIEWER})
    closed = pictures.get(ROOT + path, Origin=VIEWER)

    assert allowed.headers["access-control-allow-origin"] == "*"
    assert "X-Region-Shape" in allowed.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in closed.headers


def test_addresses_begin_with_the_public_one(public):
    information = public.http.get(ROOT + "/iiif/info.json", headers={"Host": "forged"})
    picture = public.http.get(ROOT + "/iiif/full/max/0/default.jpg")
    base = public.http.get(ROOT + "/iiif")
    manifest = public.http.get(ROOT + "/manifest.json")
    tiles = public.http.get(ROOT + "/xyz/tile.json")

    public_root = f"https://slides.example.org{ROOT}"
    assert information.json()["id"] == f"{public_root}/iiif"
    assert f"<{public_root}/iiif/full/max/0/default.jpg>" in picture.headers["link"]
    assert base.headers["location"] == f"{public_root}/iiif/info.json"
    assert manifest.json()["id"] == f"{public_root}/manifest.json"
    assert tiles.json()["tiles"] == [f"{public_root}/xyz/{{z}}/{{x}}/{{y}}.jpg"]
