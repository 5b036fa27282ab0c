# SPDX-License-Identifier: Apache-2.0
"""Above the quota the oldest studies go; protected ones never."""

from __future__ import annotations

import uploading as up
from instances import slide, written
from servers import Server, serving

_FRAME = bytes(100_000)


def stored(server: Server, study: str) -> None:
    found = slide([_FRAME], StudyInstanceUID=study)
    assert server.store(written(found)).status_code == 200


def studies(server: Server) -> set[str]:
    answer = server.get("/studies", "application/dicom+json")
    found = answer.json() if answer.status_code == 200 else []
    return {item["0020000D"]["Value"][0] for item in found}


def test_the_oldest_that_are_not_protected_go(tmp_path):
    with serving(tmp_path / "data", "--quota-bytes", "250000") as server:
        for number in range(1, 5):
            stored(server, f"1.2.{number}")
        assert server.http.put("/api/protected/1.2.1").status_code == 204
        assert server.http.get("/api/protected").json() == {"studies": ["1.2.1"]}

        done = up.ended(server, up.asked(server, "recycle"))

        assert studies(server) == {"1.2.1", "1.2.4"}
        assert done["result"]["studies"] == 2
        assert done["result"]["protected"] == 1
        stored(server, "1.2.5")
        for study in ("1.2.4", "1.2.5"):
            server.http.put(f"/api/protected/{study}")
        failed = up.ended(server, up.asked(server, "recycle"))
        assert (failed["state"], studies(server)) == ("failed", {"1.2.1", "1.2.4", "1.2.5"})
        assert failed["problem"].endswith("the 3 studies left are protected")


def test_without_a_quota_nothing_is_recycled(server):
    answer = server.http.post("/api/jobs", json={"kind": "recycle"})

    assert (answer.status_code, answer.json()["message"]) == (
        400, "there is no quota; set quota_bytes",
    )  # fmt: skip
