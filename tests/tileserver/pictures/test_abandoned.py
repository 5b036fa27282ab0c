# SPDX-License-Identifier: Apache-2.0
"""Pictures that nobody waits for any more are not drawn to their end."""

from __future__ import annotations

import io
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import instances
import numpy as np
import pytest
import simplejpeg
from servers import Server, serving

from tileserver.errors import AbandonedError
from tileserver.pictures.coding import encoded
from tileserver.services.abandon import abandonable, check_wanted
from tileserver.services.render import Picture

STUDY, SERIES, INSTANCE = "1.2.9.7", "1.2.9.7.1", "1.2.9.7.1.1"
TILE, ACROSS = 256, 64
LONG = "viewport=6700,6700"
"""268 megapixels to a picture of 45, at no whole scale: seconds of work, one at a time."""


@pytest.fixture(scope="module")
def huge(tmp_path_factory) -> Iterator[Server]:
    """Give a server with an image of 16,384 x 16,384 pixels and no smaller level."""
    frame = simplejpeg.encode_jpeg(np.full((TILE, TILE, 3), 200, np.uint8), quality=80)
    found = instances.slide([frame] * ACROSS**2, PhotometricInterpretation="YBR_FULL_422")
    found.StudyInstanceUID, found.SeriesInstanceUID, found.SOPInstanceUID = STUDY, SERIES, INSTANCE
    found.Rows = found.Columns = TILE
    found.TotalPixelMatrixColumns = found.TotalPixelMatrixRows = TILE * ACROSS
    found.DimensionOrganizationType = "TILED_FULL"
    with serving(tmp_path_factory.mktemp("huge") / "data") as server:
        assert server.store(instances.written(found)).status_code == 200
        yield server


def asked(server: Server, path: str) -> socket.socket:
    """Send a request for a picture, and return the connection."""
    address = urlsplit(server.address)
    connection = socket.create_connection((address.hostname, address.port), timeout=60)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
    return connection


def statuses(server: Server, path: str) -> list[str]:
    """Return how requests for a path were answered so far, as the log has it."""
    line = re.compile(rf"path={re.escape(urlsplit(path).path)} status=(\d+)")
    return line.findall(server.log.read_text())


def until_logged(server: Server, path: str, count: int) -> list[str]:
    deadline = time.monotonic() + 60
    while len(found := statuses(server, path)) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


WADO = f"/dicomweb/studies/{STUDY}/series/{SERIES}/instances/{INSTANCE}"
TILES = f"/tiles/{STUDY}/{SERIES}"


@pytest.mark.parametrize(
    "path",
    [
        f"{WADO}/rendered?{LONG}",
        f"{WADO}/thumbnail?{LONG}",
        f"{TILES}/iiif/full/6700,6700/0/default.png",
    ],
)
def test_a_picture_is_given_up_when_its_client_goes(huge, path):
    before = len(statuses(huge, path))

    asked(huge, path).close()

    assert until_logged(huge, path, before + 1)[before:] == ["499"]


def test_who_goes_while_waiting_does_not_keep_the_place_in_the_queue(huge):
    first, second = f"{TILES}/iiif/full/6700,6700/0/gray.jpg", f"{WADO}/rendered?{LONG}&quality=80"
    before = len(statuses(huge, second))

    with asked(huge, first) as drawing:
        asked(huge, second).close()
        waiting = until_logged(huge, second, before + 1)[before:]
        drawn = statuses(huge, first)
        drawing.close()

    assert waiting == ["499"]
    assert drawn == []
    assert until_logged(huge, first, 1) == ["499"]


def test_the_next_picture_is_drawn_after_many_were_given_up(huge):
    with ThreadPoolExecutor(8) as pool:
        paths = [f"{TILES}/iiif/0,0,16384,16384/66{n:02},6700/0/default.jpg" for n in range(8)]
        for connection in pool.map(lambda path: asked(huge, path), paths):
            connection.close()

    answer = huge.http.get(f"{WADO}/rendered?viewport=4200,4200,0,0,4200,4200")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert [until_logged(huge, path, 1) for path in paths] == [["499"]] * 8


def test_coders_that_write_piece_by_piece_stop():
    noise = np.random.default_rng(1).integers(0, 256, (1024, 1024, 3), dtype=np.uint8)
    picture = Picture(noise)

    def after(looks: int):
        left = iter(range(looks))
        return lambda: next(left, None) is None

    for media_type in ("image/png", "image/gif"):
        assert io.BytesIO(encoded(picture, media_type)).getbuffer().nbytes > 100_000
        with pytest.raises(AbandonedError):
            abandonable(lambda wanted=media_type: encoded(picture, wanted), after(4))


def test_what_was_not_said_to_be_given_up_is_wanted():
    check_wanted()
    with pytest.raises(AbandonedError, match="nobody waits"):
        abandonable(check_wanted, lambda: True)
    check_wanted()
