# SPDX-License-Identifier: Apache-2.0
"""Jobs that make a TIFF of a stored slide: its pixels are those that are stored."""

from __future__ import annotations

import io
from collections.abc import Iterator

import build_ndpi
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


def exported(server: Server, **parameters: object):
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


@pytest.fixture(scope="module")
def stack(server, tmp_path_factory) -> str:
    """Give the study of a slide with three focal planes."""
    path = build_ndpi.write_stack(tmp_path_factory.mktemp("stack") / "stack.ndpi")
    done = up.ended(server, up.uploaded(server, path))
    assert done["state"] == "done", done["problem"]
    return done["result"]["study"]


def image(server: Server, done) -> np.ndarray:
    assert (done["state"], done["problem"]) == ("done", None)
    answer = server.http.get(f"/api/jobs/{done['id']}/result")
    with tifffile.TiffFile(io.BytesIO(answer.content)) as tiff:
        return tiff.series[0].asarray()


def test_one_of_several_planes_is_chosen(server, stack):
    whole = image(server, exported(server, study=stack, format="ome-tiff"))
    second = image(
        server, exported(server, study=stack, format="tiff", scan=1, optical_path=1, plane=2)
    )

    assert whole.shape[0] == 3
    assert np.array_equal(second, whole[1])
    assert not np.array_equal(second, whole[0])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "choose one by optical_path 1 plane 1, or the format ome-tiff"),
        ({"plane": 4}, "choose another plane"),
    ],
)
def test_what_is_to_be_chosen_is_told_in_words_of_the_job(server, stack, more, words):
    number = up.asked(server, "export", parameters={"study": stack, "format": "tiff", **more})

    failed = up.ended(server, number)

    assert failed["state"] == "failed"
    assert failed["problem"].endswith(words)
    assert "--" not in failed["problem"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"plane": 0, "format": "tiff"}, "plane: expected a whole number from 1"),
        ({"plane": True, "format": "tiff"}, "plane: expected a whole number from 1"),
        ({"optical_path": "1", "format": "tiff"}, "optical_path: expected a whole number from 1"),
        ({"plane": 1}, "plane: goes with the format tiff or ome-tiff alone"),
        ({"scan": 1, "format": "zip"}, "scan: goes with the format tiff or ome-tiff alone"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(server, more, message):
    parameters = {"study": "1.2", **more}
    answer = server.http.post("/api/jobs", json={"kind": "export", "parameters": parameters})

    assert (answer.status_code, answer.json()["message"]) == (400, message)
