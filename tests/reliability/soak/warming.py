# SPDX-License-Identifier: Apache-2.0
"""Caches that are full before anything is measured: else they fill up for a quarter of an hour."""

from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import instances
import picture_archive
from servers import Server

_FRAMES = 1400
"""Of 128 x 128 pixels: 69 MB of samples, where 64 MiB are kept decoded."""
_CONNECTIONS = 6
"""Each goes to one worker, whichever it is."""


def warm_up(server: Server) -> None:
    """Let each worker decode more frames than it keeps."""
    found = instances.slide(_streams(), SOPInstanceUID="1.2.11.1.1", SeriesInstanceUID="1.2.11.1")
    found.StudyInstanceUID = "1.2.11"
    found.Rows = found.Columns = picture_archive.JPEG_TILE
    del found.TotalPixelMatrixColumns, found.TotalPixelMatrixRows
    assert server.store(instances.written(found)).status_code == 200
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        assert set(pool.map(_draw_all, [server.address] * _CONNECTIONS)) == {_FRAMES}


def _streams() -> list[bytes]:
    frames = picture_archive.LEVEL_FRAMES[0]
    return [frames[number % len(frames)] for number in range(_FRAMES)]


def _draw_all(address: str) -> int:
    """Ask for each frame, smaller than it is stored; return how many were drawn."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    place = "/dicomweb/studies/1.2.11/series/1.2.11.1/instances/1.2.11.1.1/frames"
    drawn = 0
    for number in range(1, _FRAMES + 1):
        path = f"{place}/{number}/rendered?viewport=32,32"
        connection.request("GET", path, headers={"Accept": "image/jpeg"})
        answer = connection.getresponse()
        answer.read()
        drawn += answer.status == 200
    connection.close()
    return drawn
