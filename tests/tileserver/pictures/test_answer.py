# SPDX-License-Identifier: Apache-2.0
"""Who has to wait for whom to be drawn."""

from __future__ import annotations

import os
import threading

import anyio
import httpx
import instances
import numpy as np
import simplejpeg
from servers import STOW_TYPE, multipart

from tileserver.app import create_app
from tileserver.services.render import Render
from tileserver.settings import Settings

TILE, ACROSS = 256, 20
STUDY, SERIES, INSTANCE = "1.2.5", "1.2.5.1", "1.2.5.1.1"


def slide() -> bytes:
    """Return an image of 5,120 x 5,120 pixels, of which there is no smaller level."""
    frame = simplejpeg.encode_jpeg(np.full((TILE, TILE, 3), 200, np.uint8))
    found = instances.slide([frame] * ACROSS**2)
    found.StudyInstanceUID, found.SeriesInstanceUID, found.SOPInstanceUID = STUDY, SERIES, INSTANCE
    found.Rows = found.Columns = TILE
    found.TotalPixelMatrixColumns = found.TotalPixelMatrixRows = TILE * ACROSS
    found.DimensionOrganizationType = "TILED_FULL"
    return instances.written(found)


def test_quick_pictures_pass_small_ones_that_are_made_of_very_many_pixels(tmp_path, monkeypatch):
    may_end, begun = threading.Event(), threading.Semaphore(0)
    matrix = Render.matrix
    count = (os.cpu_count() or 2) + 2

    def held(self, *arguments):
        begun.release()
        may_end.wait(60)
        return matrix(self, *arguments)

    monkeypatch.setattr(Render, "matrix", held)
    app = create_app(Settings(data=tmp_path / "data"))
    thumbnail = f"/dicomweb/studies/{STUDY}/series/{SERIES}/instances/{INSTANCE}/thumbnail"
    statuses: list[int] = []

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            body = multipart([slide()])
            stored = await http.post(
                "/dicomweb/studies", content=body, headers={"Content-Type": STOW_TYPE}
            )
            assert stored.status_code == 200

            async def wait(side: int) -> None:
                answer = await http.get(f"{thumbnail}?viewport={side},{side}")
                statuses.append(answer.status_code)

            async with anyio.create_task_group() as group:
                try:
                    with anyio.fail_after(50):
                        for side in range(200, 200 + count):
                            group.start_soon(wait, side)
                        await anyio.to_thread.run_sync(begun.acquire)
                        quick = await http.get(
                            f"/tiles/{STUDY}/{SERIES}/iiif/0,0,400,400/400,400/0/default.png"
                        )
                finally:
                    may_end.set()
            return quick

    quick = anyio.run(ask)

    assert quick.status_code == 200
    assert statuses == [200] * count
