# SPDX-License-Identifier: Apache-2.0
"""Searches that try every instance are bounded, and end when the client has gone."""

from __future__ import annotations

import httpx
import pytest
from searched import instance_of
from servers import serving

from tileserver.index import Index

INSTANCES = 3000
ALL_HAVE = "&".join(["Rows=16"] * 250)
NONE_HAS = "Rows=17"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broad") / "data"
    folder.mkdir()
    index = Index(folder / "index.sqlite")
    index.add(*(instance_of(number // 100, number % 2, number) for number in range(INSTANCES)))
    index.close()
    return folder


def test_a_search_that_takes_too_long_is_refused_with_a_remedy(data):
    with serving(data, "--search-seconds", "0") as server:
        broad = server.get(f"/instances?{NONE_HAS}")
        narrow = server.get(f"/instances?{NONE_HAS}&StudyInstanceUID=1.1")
        common = server.get("/instances?limit=5")

    assert broad.status_code == 413
    assert broad.json() == {
        "error": "TooBroadError",
        "message": "the search takes longer than 0 s: narrow it by what has an index, such as "
        "UIDs, PatientID, PatientName, StudyDate or Modality",
    }
    assert narrow.status_code == 204
    assert common.status_code == 200


def test_a_search_ends_when_its_client_has_gone(data):
    patience = httpx.Timeout(60, read=0.1)

    with serving(data) as server, pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{server.root}/instances?{ALL_HAVE}&{NONE_HAS}", timeout=patience)

    # Carried out to its end, it would be 204.
    assert "path=/dicomweb/instances status=413" in server.log.read_text()
