# SPDX-License-Identifier: Apache-2.0
"""What is drawn follows what is stored at once, by whichever worker it came or went."""

from __future__ import annotations

import httpx
import instances
import pytest
from picture_archive import LEVEL_FRAMES, LEVELS, PYRAMID, STUDY, build
from servers import serving

TILES = f"/tiles/{STUDY}/{PYRAMID}"


@pytest.fixture(scope="module", params=[(), ("--workers", "2")], ids=["one", "two workers"])
def server(request, tmp_path_factory):
    data = tmp_path_factory.mktemp("fresh") / "data"
    with serving(data, *request.param) as running:
        yield running


def fresh(server, path: str) -> httpx.Response:
    """Ask on a new connection, which either worker may take."""
    return httpx.get(f"{server.address}{path}")


def test_tiles_are_those_of_what_is_stored_now(server):
    files = build()
    for _ in range(4):
        assert fresh(server, f"{TILES}/xyz/0/0/0.jpg").status_code == 404

    for number, width in ((2, 175), (1, 350), (0, 700)):
        assert server.store(files[number]).status_code == 200
        for _ in range(4):
            known = fresh(server, f"{TILES}/xyz/tile.json").json()
            assert known["width"] == width
            tile = fresh(server, f"{TILES}/xyz/{known['maxzoom']}/0/0.jpg")
            # The coarsest level is lower than its frame.
            assert (tile.content == LEVEL_FRAMES[number][0]) is (number < 2)

    series = f"/dicomweb/studies/{STUDY}/series/{PYRAMID}"
    for number, width in ((0, 350), (1, 175)):
        path = f"{series}/instances/{LEVELS[number]}"
        assert httpx.delete(f"{server.address}{path}").status_code == 204
        for _ in range(4):
            assert fresh(server, f"{TILES}/xyz/tile.json").json()["width"] == width
            assert fresh(server, f"{path}/rendered").status_code == 404
            assert fresh(server, f"{TILES}/instances/{LEVELS[number]}/xyz/0/0/0.jpg").is_error


def test_a_series_of_an_instance_that_is_no_picture_has_no_tiles(server):
    found = instances.dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.34", Modality="SR")
    assert server.store(instances.written(found)).status_code == 200

    path = f"/tiles/{found.StudyInstanceUID}/{found.SeriesInstanceUID}/xyz/tile.json"
    for _ in range(2):
        assert fresh(server, path).status_code == 404
