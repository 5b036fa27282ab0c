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


def test_what_is_protected_is_not_deleted_either(tmp_path):
    with serving(tmp_path / "data") as server:
        stored(server, "1.2.1")
        stored(server, "1.2.2")
        found = server.get("/studies/1.2.1/instances", "application/dicom+json").json()[0]
        series, uid = (found[tag]["Value"][0] for tag in ("0020000E", "00080018"))
        server.http.put("/api/protected/1.2.1")
        below = f"/dicomweb/studies/1.2.1/series/{series}"

        answers = [
            server.http.post("/api/jobs", json={"kind": "delete", "parameters": parameters})
            for parameters in ({"study": "1.2.1"}, {"study": "1.2.1", "series": series})
        ]
        answers += [
            server.http.delete(path)
            for path in ("/dicomweb/studies/1.2.1", below, f"{below}/instances/{uid}")
        ]

        assert [answer.status_code for answer in answers] == [409] * 5
        assert {answer.json()["message"] for answer in answers} == {
            "the study is protected; DELETE /api/protected/{study} lets it go"
        }
        assert server.http.delete("/dicomweb/studies/1.2.2").status_code == 204
        assert studies(server) == {"1.2.1"}
        assert server.http.delete("/api/protected/1.2.1").status_code == 204
        done = up.ended(server, up.asked(server, "delete", parameters={"study": "1.2.1"}))
        assert (done["result"], studies(server)) == ({"was_there": True}, set())


def test_what_is_protected_once_its_deletion_waits_stays(tmp_path):
    with serving(tmp_path / "data", "--jobs-at-once", "0") as server:
        stored(server, "1.2.1")
        number = up.asked(server, "delete", parameters={"study": "1.2.1"})
        server.http.put("/api/protected/1.2.1")

    with serving(tmp_path / "data") as server:
        failed = up.ended(server, number)

        assert (failed["state"], failed["attempts"]) == ("failed", 1)
        assert failed["problem"].startswith("the study is protected; ")
        assert studies(server) == {"1.2.1"}
