# SPDX-License-Identifier: Apache-2.0
"""The command line: exit codes, messages, and what is loaded."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import checking
import instances
import pytest
from pydicom.uid import generate_uid
from servers import command, serving


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | environment,
    )


def write(folder, count: int, **attributes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        found = instances.slide([instances.jpeg(number)], **attributes)
        (folder / f"{found.SOPInstanceUID}.dcm").write_bytes(instances.written(found))


def test_help_loads_no_web_and_no_image_library():
    program = (
        "import sys, json, tileserver.cli.program as p\n"
        "p.group.main(['serve', '--help'], standalone_mode=False)\n"
        "print('\\n' + json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert loaded.isdisjoint(
        {"starlette", "uvicorn", "sqlalchemy", "pydicom", "numpy", "PIL", "imagecodecs"}
    )


def test_version_is_one_line():
    done = run("--version")

    assert re.fullmatch(r"tileserver, version \S+\n", done.stdout)


@pytest.mark.parametrize(
    "arguments", [["serve"], ["nothing"], ["ingest", "--data", "x"], ["serve", "--port", "99999"]]
)
def test_wrong_usage_exits_with_2(arguments):
    assert run(*arguments).returncode == 2


def test_ingest_takes_files_and_folders(tmp_path):
    write(tmp_path / "in", 3)

    first = run("ingest", str(tmp_path / "in"), "--data", str(tmp_path / "data"))
    again = run("ingest", str(tmp_path / "in"), TILESERVER_DATA=str(tmp_path / "data"))

    assert (first.returncode, first.stdout) == (0, "3 instances stored\n")
    assert (again.returncode, again.stdout) == (0, "0 instances stored, 3 known already\n")
    assert first.stderr == again.stderr == ""


def test_ingest_tells_what_failed_and_goes_on(tmp_path):
    write(tmp_path / "in", 1)
    (tmp_path / "in" / "empty.dcm").write_bytes(b"")
    found = instances.dataset()
    found.StudyInstanceUID = ""
    (tmp_path / "in" / "no-study.dcm").write_bytes(instances.written(found))

    done = run("ingest", str(tmp_path / "in"), "--data", str(tmp_path / "data"))

    assert done.returncode == 3
    assert done.stdout == "1 instance stored, 2 failed\n"
    assert [line.partition(str(tmp_path))[2] for line in done.stderr.splitlines()] == [
        "/in/empty.dcm: found the end of the file at byte 128, expected DICM; "
        "give a DICOM Part 10 file",
        "/in/no-study.dcm: StudyInstanceUID: found no valid UID",
    ]


def test_ingest_leaves_out_what_lies_beside_instances_and_what_is_not_whole_yet(tmp_path):
    write(tmp_path / "in", 1)
    (tmp_path / "in" / "manifest.jsonl").write_text('{"slide": "a.svs"}\n' * 20)
    write(tmp_path / "in" / ".dicomizer-watch" / "1f0c", 2)

    done = run("ingest", str(tmp_path / "in"), "--data", str(tmp_path / "data"))

    assert (done.returncode, done.stdout) == (0, "1 instance stored\n")
    assert done.stderr == (f"tileserver: left out: {tmp_path}/in/manifest.jsonl: no DICOM file\n")


def test_ingest_of_a_folder_without_dicom_says_so_and_exits_with_1(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "text.txt").write_text("no DICOM at all, " * 20)

    done = run("ingest", str(tmp_path / "in"), "--data", str(tmp_path / "data"))

    assert (done.returncode, done.stdout) == (1, "0 instances stored\n")
    assert "found no DICOM file to store; check the paths" in done.stderr


def test_ingest_where_all_fails_exits_with_1(tmp_path):
    (tmp_path / "x.dcm").write_text("x")

    assert run("ingest", str(tmp_path / "x.dcm"), "--data", str(tmp_path / "d")).returncode == 1


def damage_whole_file(path) -> None:
    path.write_text("no database, but a text of some length" * 100)


def damage_pages(path) -> None:
    """Overwrite what follows the first pages, which are enough to open the file."""
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * (path.stat().st_size - 3 * 4096))


def set_unknown_version(path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE about SET value = '99' WHERE name = 'version'")
    connection.close()


@pytest.mark.parametrize("damage", [damage_whole_file, damage_pages, set_unknown_version])
def test_a_damaged_index_is_replaced_by_reindex(tmp_path, damage):
    write(tmp_path / "in", 3)
    data = tmp_path / "data"
    run("ingest", str(tmp_path / "in"), "--data", str(data))
    with sqlite3.connect(data / "index.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    damage(data / "index.sqlite")

    done = run("reindex", "--data", str(data))

    assert (done.returncode, done.stdout) == (0, "3 instances indexed\n")
    assert f"the damaged index is now {data / 'index.sqlite.damaged'}" in done.stderr
    assert run("ingest", str(tmp_path / "in"), "--data", str(data)).stdout == (
        "0 instances stored, 3 known already\n"
    )


def test_an_index_of_another_kind_is_told_with_its_remedy(tmp_path):
    damage_whole_file(tmp_path / "index.sqlite")
    (tmp_path / "x.dcm").write_text("x")

    done = run("ingest", str(tmp_path / "x.dcm"), "--data", str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.startswith("tileserver: the index cannot be opened: ")
    assert "run: tileserver reindex" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "verb", [["serve", "--port", "0"], ["serve", "--port", "0", "--workers", "2"], ["ingest", "in"]]
)
def test_a_lost_index_is_told_with_its_remedy(tmp_path, monkeypatch, verb):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in", 2)
    run("ingest", "in", "--data", "data")
    for path in (tmp_path / "data").glob("index.sqlite*"):
        path.unlink()

    done = run(*verb, "--data", "data")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "tileserver: 2 stored files are not in the index; run tileserver reindex --data data\n"
    )
    assert run("reindex", "--data", "data").stdout == "2 instances indexed\n"
    assert run("ingest", "in", "--data", "data").stdout == ("0 instances stored, 2 known already\n")


def test_a_damaged_file_that_is_ingested_again_is_whole(tmp_path):
    write(tmp_path / "in", 2)
    data = tmp_path / "data"
    run("ingest", str(tmp_path / "in"), "--data", str(data))
    first, second = sorted((data / "blobs").glob("??/*.dcm"))
    os.truncate(first, 100)
    second.write_bytes(second.read_bytes()[:-8] + bytes(8))
    assert run("check", "--data", str(data)).returncode == 1

    assert run("ingest", str(tmp_path / "in"), "--data", str(data)).stdout == (
        "0 instances stored, 2 known already\n"
    )
    assert run("check", "--data", str(data)).returncode == 0


def test_reindex_makes_no_archive_of_a_folder_that_is_none(tmp_path):
    done = run("reindex", "--data", str(tmp_path / "mistyped"))

    assert done.returncode == 1
    assert "has no stored instances; nothing was made" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")

    done = run("ingest", str(tmp_path / "file"), "--data", str(tmp_path / "file" / "data"))

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_is_told_before_anything_is_made(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--data", str(tmp_path / "data"), "--port", str(port))

    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_serve_prints_its_address_and_stops_when_interrupted(tmp_path):
    with serving(tmp_path / "data") as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d+", server.address)
        assert server.is_alive()
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=20) == 130


def test_the_index_made_anew_answers_as_the_old(tmp_path):
    study = generate_uid()
    write(tmp_path / "in", 4, StudyInstanceUID=study, StudyDate="20200101")
    write(tmp_path / "in", 3, PatientName="Roe^Richard", StudyDate="")
    queries = ("/studies", "/series", "/instances?includefield=all", f"/studies/{study}/metadata")

    with serving(tmp_path / "data") as server:
        run("ingest", str(tmp_path / "in"), "--data", str(server.data))

        def answers() -> list[object]:
            found = [server.get(query).json() for query in queries]
            return [len(found[2]), *found]

        before = answers()
        (server.data / "blobs" / "ab").mkdir(parents=True, exist_ok=True)
        (server.data / "blobs" / "ab" / f"{'abcd' * 16}.dcm").write_text("damaged")
        (server.data / "blobs" / "ab" / "foreign.txt").write_text("foreign")
        done = run("reindex", "--data", str(server.data))

        assert done.returncode == 3
        assert done.stdout == "7 instances indexed\n"
        assert "abcd" * 16 in done.stderr
        assert before[0] == 7
        assert answers() == before


def test_a_lost_index_is_made_anew(tmp_path):
    write(tmp_path / "in", 2)
    data = tmp_path / "data"
    run("ingest", str(tmp_path / "in"), "--data", str(data))
    for path in data.glob("index.sqlite*"):
        path.unlink()

    assert run("reindex", "--data", str(data)).stdout == "2 instances indexed\n"


def test_processes_may_write_to_one_folder_at_once(tmp_path):
    study = generate_uid()
    folders = [tmp_path / f"in-{number}" for number in range(4)]
    for folder in folders:
        write(folder, 15, StudyInstanceUID=study)

    with serving(tmp_path / "data") as server, ThreadPoolExecutor(5) as pool:
        ingested = [
            pool.submit(run, "ingest", str(folder), str(folders[0]), "--data", str(server.data))
            for folder in folders
        ]
        reindexed = pool.submit(run, "reindex", "--data", str(server.data))
        while not all(job.done() for job in (*ingested, reindexed)):
            assert server.get("/instances").status_code in (200, 204)
        assert [job.result().returncode for job in (*ingested, reindexed)] == [0] * 5
        (answer,) = server.get("/studies").json()
        assert answer["00201208"]["Value"] == [60]
        assert run("reindex", "--data", str(server.data)).returncode == 0
        assert server.get("/studies").json() == [answer]


def test_reindex_tells_blobs_that_are_gone_or_changed_and_keeps_what_they_were(tmp_path):
    write(tmp_path / "in", 3)
    data = tmp_path / "data"
    run("ingest", str(tmp_path / "in"), "--data", str(data))
    gone, changed, _ = checking.stored(data)
    gone.path.unlink()
    content = changed.path.read_bytes()
    changed.path.write_bytes(content.replace(b"Doe^Jane", b"Doe^Jana"))

    for _ in range(2):
        done = run("reindex", "--data", str(data))

        assert (done.returncode, done.stdout) == (3, "2 instances indexed\n")
        lines = done.stderr.splitlines()
        assert lines[-1] == (
            f"tileserver: the bytes of instance {changed.uid} are not those that were stored; "
            "bring its blob back from a backup, or send it again"
        )
    assert len(lines) == 1
    assert f"the blob of instance {gone.uid} is gone: not indexed; " not in done.stderr
    (found,) = checking.findings(data)
    assert (str(found.kind), found.uid) == ("changed-bytes", changed.uid)

    changed.path.write_bytes(content)
    done = run("reindex", "--data", str(data))
    assert (done.returncode, done.stderr) == (0, "")
    assert checking.findings(data) == []
