# SPDX-License-Identifier: Apache-2.0
"""Deletion over HTTP, and the change feed: all that happened, in order, over any new index."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import instances
import pytest
from servers import command, serving


@pytest.fixture
def running(tmp_path):
    with serving(tmp_path / "data") as server:
        yield server


def slide(number: int = 1, study: str = "1.5", series: str = "1.5.1") -> bytes:
    found = instances.dataset(
        StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID=f"{series}.{number}"
    )
    return instances.written(found)


def feed(server, **parameters) -> dict:
    answer = server.http.get("/changes", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def kinds(page: dict) -> list[str]:
    return [change["kind"] for change in page["changes"]]


def test_what_is_deleted_is_gone_from_everywhere(running):
    assert running.store(slide(1), slide(2), slide(1, series="1.5.2")).status_code == 200
    path = "/studies/1.5/series/1.5.1/instances/1.5.1.1"

    assert running.http.delete(f"/dicomweb{path}").status_code == 204

    assert running.get(path).status_code == 404
    assert running.get(f"{path}/metadata").status_code == 404
    assert running.http.delete(f"/dicomweb{path}").status_code == 404
    assert len(running.get("/studies/1.5/series/1.5.1/metadata").json()) == 1
    assert running.http.delete("/dicomweb/studies/1.5/series/1.5.2").status_code == 204
    assert len(running.get("/studies/1.5/series").json()) == 1
    assert running.http.delete("/dicomweb/studies/1.5/series/9").status_code == 404
    assert running.http.delete("/dicomweb/studies/1.5").status_code == 204
    assert running.get("/studies").status_code == 204
    assert running.http.delete("/dicomweb/studies/1.5").status_code == 404
    assert running.http.delete("/dicomweb/studies/..%2f..").status_code == 404
    assert running.store(slide(1)).status_code == 200


def test_changes_are_told_in_order_and_page_by_page(running):
    assert feed(running)["changes"] == []
    start = feed(running)["last"]
    running.store(slide(1), slide(2))
    running.store(slide(1))
    running.http.delete("/dicomweb/studies/1.5")

    page = feed(running, since=start)
    assert kinds(page) == ["InstanceStored", "InstanceStored", "StudyDeleted"]
    first, *_, last = page["changes"]
    assert (
        first.items()
        >= {
            "StudyInstanceUID": "1.5",
            "SeriesInstanceUID": "1.5.1",
            "SOPInstanceUID": "1.5.1.1",
        }.items()
    )
    assert set(last) == {"sequence", "kind", "time", "StudyInstanceUID"}
    assert first["time"].endswith("Z")
    assert page["last"] == last["sequence"]
    assert not page["more"]
    numbers = [change["sequence"] for change in page["changes"]]
    assert numbers == sorted(set(numbers))
    small = feed(running, since=start, limit=1)
    assert (kinds(small), small["more"]) == (["InstanceStored"], True)
    assert feed(running, since=page["last"])["changes"] == []
    assert feed(running, since=10**18)["last"] == 10**18


def reindex(data, expected: int = 0) -> None:
    done = subprocess.run(
        command("reindex", "--data", str(data)), check=False, capture_output=True, timeout=60
    )
    assert done.returncode == expected, done.stderr


def test_the_feed_goes_on_over_a_new_index(tmp_path):
    data = tmp_path / "data"
    with serving(data) as server:
        server.store(slide(1), slide(2))
        before = feed(server)
        reindex(data)
        assert feed(server) == before
        next(data.rglob("blobs/*/*.dcm")).unlink()
        reindex(data, expected=3)  # a file is gone
        assert kinds(feed(server, since=before["last"])) == ["InstanceDeleted"]
        last = feed(server)["last"]
    for path in data.glob("index.sqlite*"):
        path.unlink()
    reindex(data)
    with serving(data) as server:
        page = feed(server, since=last)
        assert kinds(page) == ["InstanceStored"]
        assert page["changes"][0]["sequence"] > last


def test_who_waits_is_told_soon(running):
    last = feed(running)["last"]

    with ThreadPoolExecutor(1) as pool:
        start = time.monotonic()
        waiting = pool.submit(feed, running, since=last, wait=20)
        running.store(slide(1))
        page = waiting.result()

    assert kinds(page) == ["InstanceStored"]
    assert time.monotonic() - start < 10
    assert feed(running, since=page["last"], wait=1)["changes"] == []


@pytest.mark.parametrize(
    "query",
    [
        "since=-1",
        "since=x",
        "since=",
        "since=1e3",
        "since=²",
        "since=10000000000000000000",
        "limit=0",
        "limit=1001",
        "wait=61",
    ],
)
def test_a_number_that_is_none_is_a_bad_request(archive, query):
    answer = archive.server.http.get(f"/changes?{query}")

    assert answer.status_code == 400
    assert answer.json()["error"] == "BadRequestError"
