# SPDX-License-Identifier: Apache-2.0
"""The server is killed while jobs run: each ends exactly once, and nothing is there twice.

The full form has 100 jobs and 10 kills (COVERSLIP_JOBS, COVERSLIP_JOB_KILLS).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from pathlib import Path

import uploading as up
from checking import findings
from servers import Server, serving
from slides import write_svs

JOBS = int(os.environ.get("COVERSLIP_JOBS", "6"))
KILLS = int(os.environ.get("COVERSLIP_JOB_KILLS", "2"))
_PATIENCE = 600.0
_LEVELS = 5
"""Instances of a slide: two levels, label, overview and thumbnail."""


def begun(server: Server, tmp_path: Path) -> None:
    """Ask for all jobs: of three, a conversion, its verification, and one that needs it."""
    for number in range(JOBS // 3):
        mpp = f"|MPP = 0.{4000 + number}"
        slide = write_svs(tmp_path / f"slide-{number}.svs", mpp=mpp).path
        job = up.uploaded(server, slide, options={"verify": True})
        up.asked(server, "delete", parameters={"study": f"1.2.{number}"}, needs=[job])


def ends(data: Path) -> list[tuple[int, str]]:
    with sqlite3.connect(data / "jobs.sqlite") as connection:
        return connection.execute("SELECT job_id, state FROM ending ORDER BY sequence").fetchall()


def wait_for_ends(data: Path, count: int) -> None:
    until = time.monotonic() + _PATIENCE
    while len(ends(data)) < count:
        assert time.monotonic() < until, ends(data)
        time.sleep(0.02)


def is_running(data: Path) -> bool:
    with sqlite3.connect(data / "jobs.sqlite") as connection:
        query = "SELECT count(*) FROM job WHERE state = 'running'"
        return connection.execute(query).fetchone()[0] > 0


def test_each_job_ends_exactly_once_over_kills_of_the_server(tmp_path):
    data = tmp_path / "data"
    count = JOBS // 3 * 3
    for number in range(KILLS):
        with serving(data) as server:
            if not number:
                begun(server, tmp_path)
            wait_for_ends(data, count * number // (KILLS + 1))
            until = time.monotonic() + _PATIENCE
            while not is_running(data):
                assert time.monotonic() < until
                time.sleep(0.01)
            # At another moment of a job each time.
            time.sleep(0.4 * number % 1.7)
            server.process.kill()

    with serving(data) as server:
        wait_for_ends(data, count)
        found = server.http.get("/api/jobs", params={"limit": 1000}).json()["jobs"]
        studies = [job["result"]["study"] for job in found if job["kind"] == "convert"]
        stored = {study: up.instances(server, study) for study in studies}
        shown = server.get("/studies?limit=1000", "application/dicom+json").json()

    assert Counter(dict(ends(data)).values()) == {"done": count}
    assert [number for number, _ in sorted(ends(data))] == list(range(1, count + 1))
    assert sum(job["interruptions"] for job in found) >= KILLS
    assert {len(uids) for uids in stored.values()} == {_LEVELS}
    assert len(shown) == len(set(studies)) == count // 3
    assert findings(data) == []
    assert not any((data / "jobs").iterdir())
