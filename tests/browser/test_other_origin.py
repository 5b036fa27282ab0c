# SPDX-License-Identifier: Apache-2.0
"""A real browser lets a page of another origin read answers, after it has asked the server."""

from __future__ import annotations

import pydicom
from servers import serving

_FRAME = """async ([address, accept]) => {
  const answer = await fetch(address, { headers: { Accept: accept } })
  const bytes = await answer.arrayBuffer()
  return [answer.status, bytes.byteLength, answer.headers.get('etag')]
}"""
_ACCEPT = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


def test_frames_are_read_after_a_preflight(archive, browser, tmp_path):
    file = next(archive.slides["first"].folder.glob("*.dcm"))
    header = pydicom.dcmread(file, stop_before_pixels=True)
    with serving(tmp_path / "data", "--cors-origins", archive.address) as server:
        assert server.store(file.read_bytes()).status_code == 200
        frame = (
            f"{server.root}/studies/{header.StudyInstanceUID}/series/{header.SeriesInstanceUID}"
            f"/instances/{header.SOPInstanceUID}/frames/1"
        )
        # A page without a Content-Security-Policy; and one that playwright lets alone, as it
        # answers preflights itself where it answers anything.
        page = browser.new_page()
        page.goto(f"{archive.address}/healthz")

        # The quotation marks of this Accept are what a browser does not send without asking.
        status, length, tag = page.evaluate(_FRAME, [frame, _ACCEPT])

        page.close()
        expected = server.http.get(frame, headers={"Accept": _ACCEPT})
        assert status == 200
        assert tag == expected.headers["etag"]
        assert length == len(expected.content)
        log = server.log.read_text()
    assert "method=OPTIONS" in log
