# SPDX-License-Identifier: Apache-2.0
"""The server is killed while a study is recompressed: each instance is the old or the new, whole.

The full form has 20 kills (COVERSLIP_TRANSCODE_KILLS).
"""

from __future__ import annotations

import io
import os
import sqlite3
import time
from pathlib import Path

import numpy as np
import pydicom
import simplejpeg
import uploading as up
from checking import findings
from instances import native, slide, written
from servers import Server, parts_of, serving

KILLS = int(os.environ.get("COVERSLIP_TRANSCODE_KILLS", "3"))
INSTANCES = 4 * KILLS
_PATIENCE = 600.0
_STUDY, _SIZE, _FRAMES_EACH = "1.2.840.55", 256, 8
_FILES = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_FRAMES = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'
_JPEG_XL = ("1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.111")


def stored(server: Server) -> dict[str, pydicom.FileDataset]:
    answer = server.get(f"/studies/{_STUDY}", _FILES)
    assert answer.status_code == 200, answer.text
    found = [pydicom.dcmread(io.BytesIO(body)) for _, body in parts_of(answer)]
    return {str(item.SOPInstanceUID): item for item in found}


def syntax(found: pydicom.FileDataset) -> str:
    return str(found.file_meta.TransferSyntaxUID)


def pixels(server: Server, found: pydicom.FileDataset) -> list[bytes]:
    numbers = ",".join(str(number) for number in range(1, int(found.NumberOfFrames) + 1))
    series = f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
    path = f"{series}/instances/{found.SOPInstanceUID}/frames/{numbers}"
    answer = server.get(path, _FRAMES)
    assert answer.status_code == 200, answer.text
    return [body for _, body in parts_of(answer)]


def begun(server: Server) -> int:
    """Store instances of two codings, and have all of them recompressed."""
    noise = np.random.default_rng(5)
    for number in range(INSTANCES):
        shades = np.add.outer(np.arange(_SIZE), np.arange(_SIZE))[None, :, :, None] // 3 + number
        frames = (shades + noise.integers(0, 9, (_FRAMES_EACH, _SIZE, _SIZE, 3))).astype(np.uint8)
        told = {
            "StudyInstanceUID": _STUDY,
            "SeriesInstanceUID": f"{_STUDY}.1",
            "SOPInstanceUID": f"{_STUDY}.1.{number + 1}",
            "Rows": _SIZE,
            "Columns": _SIZE,
        }
        if number % 2:
            streams = [simplejpeg.encode_jpeg(frame, quality=85) for frame in frames]
            found = slide(streams, **told)
        else:
            found = native(frames.tobytes(), _FRAMES_EACH, PhotometricInterpretation="RGB", **told)
        assert server.store(written(found)).status_code == 200
    return up.asked(server, "transcode", parameters={"study": _STUDY, "codec": "jpegxl"})


def wait_for_replacements(data: Path, number: int, count: int) -> None:
    """Wait until so many instances were replaced, or are just about to be."""
    journal = data / "jobs" / str(number) / "replaced.jsonl"
    until = time.monotonic() + _PATIENCE
    while not journal.exists() or len(set(journal.read_text().split("\n")) - {""}) < count:
        assert time.monotonic() < until
        time.sleep(0.002)


def test_an_instance_is_the_old_or_the_new_over_kills_of_the_server(tmp_path):
    data = tmp_path / "data"
    for kill in range(KILLS):
        with serving(data) as server:
            if not kill:
                number = begun(server)
                before = stored(server)
                decoded = {uid: pixels(server, item) for uid, item in before.items()}
            wait_for_replacements(data, number, INSTANCES * (kill + 1) // (KILLS + 1))
            # At another moment of a replacement, or of the next instance, each time.
            time.sleep(0.007 * kill % 0.1)
            server.process.kill()

        with serving(data, "--jobs-at-once", "0") as server:  # which lets the job wait
            seen = stored(server)
            assert sorted(seen) == sorted(before)
            for uid, item in seen.items():
                assert syntax(item) in (syntax(before[uid]), *_JPEG_XL)
                assert pixels(server, item) == decoded[uid]

    with serving(data) as server:
        done = up.ended(server, number, _PATIENCE)
        after = stored(server)
        assert {uid: pixels(server, item) for uid, item in after.items()} == decoded

    assert (done["state"], done["problem"]) == ("done", None)
    assert (done["result"]["replaced"], done["result"]["reasons"]) == (INSTANCES, {})
    assert done["interruptions"] == KILLS
    assert {syntax(item) for item in after.values()} == set(_JPEG_XL)
    with sqlite3.connect(data / "jobs.sqlite") as connection:
        ends = connection.execute("SELECT job_id, state FROM ending").fetchall()
    assert ends == [(number, "done")]
    assert findings(data) == []
    assert not any((data / "jobs").iterdir())
