# SPDX-License-Identifier: Apache-2.0
"""Health, readiness and figures, as a monitoring program asks for them."""

from __future__ import annotations

import archive
import instances
import pytest
from prometheus_client.parser import text_string_to_metric_families
from servers import Server, serving


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path / "data") as found:
        yield found


def _figures(server: Server) -> dict[tuple[str, ...], float]:
    """Return samples by name and values of labels, which are in the order of their names."""
    answer = server.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_service_method_and_status(server):
    server.store(archive.build()["jpeg"])
    for _ in range(3):
        server.get("/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1/frames/1")
    server.get("/studies/9")
    server.http.get("/no/such/page")
    server.http.request("TRACE", "/")

    found = _figures(server)

    assert found["tileserver_requests_total", "POST", "stow.store", "200"] == 1
    assert found["tileserver_requests_total", "GET", "frames.frames", "200"] == 3
    assert found["tileserver_requests_total", "GET", "wado.study_or_series", "404"] == 1
    assert found["tileserver_requests_total", "GET", "none", "404"] == 1
    assert found["tileserver_requests_total", "other", "routes.options", "405"] == 1
    assert found["tileserver_request_duration_seconds_count", "frames.frames"] == 3
    assert found["tileserver_sent_bytes_total", "frames.frames"] > 3 * len(archive.JPEG_FRAMES[0])


def test_what_is_stored_is_counted(server):
    empty = _figures(server)
    server.store(*archive.build().values())

    full = _figures(server)

    names = ("tileserver_studies", "tileserver_series", "tileserver_instances")
    assert [empty[name,] for name in names] == [0, 0, 0]
    assert [full[name,] for name in names] == [2, 3, 4]
    assert full["tileserver_free_bytes",] > 1 << 20
    assert full["process_resident_memory_bytes",] > 1 << 20


def test_ready_and_alive(server):
    ready = server.http.get("/readyz")

    assert (ready.status_code, ready.json()) == (200, {"ready": True, "problems": []})
    assert ready.headers["cache-control"] == "no-store"
    assert server.is_alive()


def test_not_ready_without_its_store(server):
    server.store(instances.written(instances.dataset()))
    blobs = server.data / "blobs"
    blobs.rename(server.data / "away")

    gone = server.http.get("/readyz")
    (server.data / "away").rename(blobs)

    assert gone.status_code == 503
    assert gone.json() == {
        "ready": False,
        "problems": ["the data folder cannot be reached: No such file or directory"],
    }
    assert server.http.get("/readyz").status_code == 200
