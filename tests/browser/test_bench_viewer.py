# SPDX-License-Identifier: Apache-2.0
"""What the comparison of viewers measures on: one server that has the pages of both."""

from __future__ import annotations

import httpx
import pytest
from benchmarks.viewers import server


def test_one_server_has_both_viewers_each_with_its_own_policy(viewer, tmp_path):
    if not server.PACKAGES.is_dir():
        pytest.skip("no peers: python hatch_build.py peers")
    with server.serving(tmp_path / "data", tmp_path / "log") as address:
        ours, peer, code = (
            httpx.get(address + path)
            for path in ("/", "/peer/peer.html", "/peer/dicomMicroscopyViewer.min.js")
        )

    assert ours.status_code == peer.status_code == code.status_code == 200
    assert "'unsafe-eval'" not in ours.headers["content-security-policy"]
    assert "'unsafe-eval'" in peer.headers["content-security-policy"]
    assert len(code.content) > 1e6
