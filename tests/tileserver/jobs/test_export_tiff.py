# SPDX-License-Identifier: Apache-2.0
"""Jobs that make a TIFF of a stored slide: its pixels are those that are stored."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
import tifffile
import uploading as up
from instances import dataset, written
from servers import Server, parts_of, serving
from slides import write_svs

_FRAMES = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'
_TILE = 64


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("export") / "data", "--retry-seconds", "0") as running:
        yield running


@pytest.fixture(scope="module")
def converted(server, tmp_path_factory):
    path = write_svs(tmp_path_factory.mktemp("slide") / "slide.svs").path
    return up.ended(server, up.uploaded(server, path))["result"]


def exported(server: Server, **parameters: str):
    return up.ended(server, up.asked(server, "export", parameters=parameters))


def stored_level(server: Server, converted, name: str, columns: int, rows: int) -> np.ndarray:
    """Return a level put together from the frames that the server gives, uncompressed."""
    uid = converted["instances"][name]
    path = f"/studies/{converted['study']}/series/{converted['series']}/instances/{uid}"
    across, down = -(-columns // _TILE), -(-rows // _TILE)
    numbers = ",".join(str(number) for number in range(1, across * down + 1))
    answer = server.get(f"{path}/frames/{numbers}", _FRAMES)
    assert answer.status_code == 200, answer.text
    tiles = np.stack([np.frombuffer(body, np.uint8) for _, body in parts_of(answer)])
    grid = tiles.reshape(down, across, _TILE, _TILE, 3).swapaxes(1, 2)
    return grid.reshape(down * _TILE, across * _TILE, 3)[:rows, :columns]


@pytest.mark.parametrize(("name", "suffix"), [("tiff", ".tif"), ("ome-tiff", ".ome.tif")])
def test_a_tiff_has_the_pixels_of_the_stored_frames(server, converted, name, suffix):
    done = exported(server, study=converted["study"], format=name)

    assert (done["state"], done["problem"]) == ("done", None)
    assert done["result"]["file"] == f"{done['id']}{suffix}"
    answer = server.http.get(f"/api/jobs/{done['id']}/result")
    assert answer.headers["content-type"] == "image/tiff"
    told = f'attachment; filename="export-{done["id"]}{suffix}"'
    assert answer.headers["content-disposition"] == told
    assert len(answer.content) == done["result"]["bytes"]
    with tifffile.TiffFile(io.BytesIO(answer.content)) as file:
        assert file.is_ome == (name == "ome-tiff")
        first, second = file.series[0].levels
        assert np.array_equal(
            first.asarray(), stored_level(server, converted, "level-0.dcm", 300, 200)
        )
        assert np.array_equal(
            second.asarray(), stored_level(server, converted, "level-1.dcm", 75, 50)
        )
    part = server.http.get(f"/api/jobs/{done['id']}/result", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, answer.content[:4])


def test_without_a_format_it_is_a_zip(server, converted):
    done = exported(server, study=converted["study"])

    answer = server.http.get(f"/api/jobs/{done['id']}/result")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].endswith(f'export-{done["id"]}.zip"')


def test_what_is_no_slide_makes_no_tiff(server):
    plain = dataset(StudyInstanceUID="1.2.840.79.1", Modality="SR")
    plain.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    assert server.store(written(plain)).status_code == 200

    failed = exported(server, study="1.2.840.79.1", format="tiff")

    assert failed["state"] == "failed"
    assert server.http.get(f"/api/jobs/{failed['id']}/result").status_code == 404
    assert "/" not in failed["problem"]  # no name of ours


def test_an_unknown_format_is_refused(server):
    body = {"kind": "export", "parameters": {"study": "1.2", "format": "../x"}}

    answer = server.http.post("/api/jobs", json=body)

    assert answer.status_code == 400
    assert answer.json()["message"] == "format: expected zip or tiff or ome-tiff"
