# SPDX-License-Identifier: Apache-2.0
"""Pages of other origins read answers only where the settings name them."""

from __future__ import annotations

from collections.abc import Iterator

import archive as known
import pytest
from servers import Server, serving

VIEWER = "https://viewer.example.org"
FRAME = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1/frames/1"
PREFLIGHT = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "accept"}


@pytest.fixture(scope="module")
def open_to_one(tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("cors")
    with serving(folder / "data", "--cors-origins", VIEWER, "--cors-origins", "http://b") as server:
        server.store(known.build()["jpeg"])
        yield server


def test_nobody_may_unless_the_settings_say_so(archive):
    answer = archive.server.get(FRAME, Origin=VIEWER)
    preflight = archive.server.http.options(
        f"/dicomweb{FRAME}", headers={"Origin": VIEWER, **PREFLIGHT}
    )

    for headers in (answer.headers, preflight.headers):
        assert not [name for name in headers if name.startswith("access-control")]
    assert "Origin" not in answer.headers["vary"]


def test_a_named_origin_reads_what_viewers_read(open_to_one):
    answer = open_to_one.get(FRAME, "image/jpeg", Origin=VIEWER)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == VIEWER
    assert answer.headers["vary"] == "Accept, Origin"
    assert "access-control-allow-credentials" not in answer.headers
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"Content-Range", "ETag", "Warning", "Content-Location", "Accept-Ranges"} <= set(exposed)


@pytest.mark.parametrize(
    "path", ["/studies/9.9", f"{FRAME}?accept=image/png", f"{FRAME[:-1]}x", "/none"]
)
def test_errors_are_readable_too(open_to_one, path):
    answer = open_to_one.get(path, Origin=VIEWER)

    assert answer.status_code >= 400
    assert answer.headers["access-control-allow-origin"] == VIEWER


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{VIEWER}.evil", ""])
def test_other_origins_may_not(open_to_one, origin):
    answer = open_to_one.get(FRAME, "image/jpeg", Origin=origin)

    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert "Origin" in answer.headers["vary"]


def test_a_preflight_is_answered_at_once(open_to_one):
    answer = open_to_one.http.options(f"/dicomweb{FRAME}", headers={"Origin": VIEWER, **PREFLIGHT})
    other = open_to_one.http.options(
        f"/dicomweb{FRAME}", headers={"Origin": "https://evil.example", **PREFLIGHT}
    )

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == VIEWER
    methods = answer.headers["access-control-allow-methods"].split(", ")
    assert {"GET", "HEAD", "POST", "DELETE"} <= set(methods)
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"Accept", "Authorization", "Content-Type", "Range", "If-None-Match"} <= set(allowed)
    assert "access-control-allow-origin" not in other.headers


def test_all_origins_may_where_the_settings_say_so(tmp_path):
    with serving(tmp_path / "data", "--cors-origins", "*") as server:
        answer = server.get("/studies", Origin="https://anybody.example")
        without = server.get("/studies")

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Origin" not in answer.headers.get("vary", "")
    assert "access-control-allow-origin" not in without.headers
