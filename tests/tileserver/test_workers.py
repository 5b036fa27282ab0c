# SPDX-License-Identifier: Apache-2.0
"""Several processes that serve one address: one index, replaced when they die, stopped together."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import instances
import pytest
from pydicom.uid import generate_uid
from servers import STOW_TYPE, Server, command, multipart, serving

JPEG = {"Accept": "image/jpeg"}


def workers(server: Server) -> set[int]:
    """Return the processes that serve."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in children if "spawn_main" in line_of(child)}


def line_of(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def anew(server: Server, method: str, path: str, **options) -> httpx.Response:
    """Ask over a connection of its own, which any worker may get."""
    return httpx.request(method, f"{server.root}{path}", timeout=60, **options)


def store(server: Server, file: bytes) -> httpx.Response:
    headers = {"Content-Type": STOW_TYPE}
    return anew(server, "POST", "/studies", content=multipart([file]), headers=headers)


def test_all_workers_write_to_one_index_and_read_from_it(tmp_path):
    study, series = generate_uid(), generate_uid()
    found = [
        instances.slide([instances.jpeg(n)], StudyInstanceUID=study, SeriesInstanceUID=series)
        for n in range(24)
    ]
    with serving(tmp_path / "data", "--workers", "2") as server, ThreadPoolExecutor(8) as pool:
        pids = workers(server)
        stored = list(pool.map(lambda one: store(server, instances.written(one)), found))
        paths = [
            f"/studies/{study}/series/{series}/instances/{one.SOPInstanceUID}/frames/1"
            for one in found
        ]
        answers = list(pool.map(lambda p: anew(server, "GET", p, headers=JPEG), paths * 3))
        (answer,) = server.get("/studies").json()

    assert len(pids) == 2
    assert {one.status_code for one in stored} == {200}
    assert [one.content for one in answers] == [instances.jpeg(n) for n in range(24)] * 3
    assert answer["00201208"]["Value"] == [24]
    log = server.log.read_text()
    assert log.count("Started server process") == 2
    assert all(f"Finished server process [{pid}]" in log for pid in pids)


def test_what_is_removed_is_given_by_no_worker(tmp_path):
    found = instances.slide([instances.jpeg(1)])
    path = (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}/frames/1"
    )
    with serving(tmp_path / "data", "--workers", "2") as server:
        store(server, instances.written(found))
        before = {anew(server, "GET", path, headers=JPEG).status_code for _ in range(20)}
        for blob in (tmp_path / "data" / "blobs").rglob("*.dcm"):
            blob.unlink()
        after = {anew(server, "GET", path, headers=JPEG).status_code for _ in range(20)}
        server.log.write_text("")  # which tells of the lost file

    assert (before, after) == ({200}, {500})


def test_what_is_deleted_is_kept_open_by_no_worker(tmp_path):
    """As long as it is, the disk has no room for it."""
    found = instances.slide([instances.jpeg(1)])
    study = f"/studies/{found.StudyInstanceUID}"
    path = f"{study}/series/{found.SeriesInstanceUID}/instances/{found.SOPInstanceUID}/frames/1"
    with serving(tmp_path / "data", "--workers", "2") as server:
        store(server, instances.written(found))
        while any(not blobs_of(worker, server.data) for worker in workers(server)):
            assert anew(server, "GET", path, headers=JPEG).status_code == 200

        assert anew(server, "DELETE", study).status_code == 204

        until = time.monotonic() + 30
        while any(blobs_of(worker, server.data) for worker in workers(server)):
            assert time.monotonic() < until, "a deleted file is still open"


def blobs_of(pid: int, data: Path) -> list[str]:
    """Return the stored files that a process has open."""
    if not Path(f"/proc/{pid}/fd").exists():
        pytest.skip("open files of a process are read from /proc, which is not here")
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(str(link.readlink()))
    return [link for link in links if link.startswith(f"{data}/blobs") and ".dcm" in link]


def test_a_worker_that_dies_is_replaced(tmp_path):
    with serving(tmp_path / "data", "--workers", "2") as server:
        first, second = sorted(workers(server))
        os.kill(first, signal.SIGKILL)
        # Connections that the dead one would have got wait for the next.
        answers = [anew(server, "GET", "/studies").status_code for _ in range(20)]
        while len(workers(server)) < 2:
            server.is_alive()
        now = workers(server)

    assert answers == [204] * 20
    assert second in now
    assert first not in now
    assert f"worker {first} ended, starting another" in server.log.read_text()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -15)])
def test_a_signal_stops_all_workers(tmp_path, number, code):
    with serving(tmp_path / "data", "--workers", "2") as server:
        pids = workers(server)
        server.process.send_signal(number)
        assert server.process.wait(timeout=20) == code

    assert len(pids) == 2
    assert not any(map(is_running, pids))


def test_workers_end_with_who_started_them(tmp_path):
    with serving(tmp_path / "data", "--workers", "2") as server:
        pids = workers(server)
        server.process.kill()
        while any(map(is_running, pids)):
            pass


def test_what_keeps_workers_from_serving_is_told_once(tmp_path):
    (tmp_path / "index.sqlite").write_text("no database, but a text of some length" * 100)
    arguments = ("serve", "--data", str(tmp_path), "--port", "0", "--workers", "2")

    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tileserver: the index cannot be opened: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_port_in_use_is_told_to_workers_too(tmp_path, is_shared):
    with socket.socket() as taken:
        if is_shared:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        arguments = ("serve", "--data", str(tmp_path), "--port", port, "--workers", "2")
        done = subprocess.run(
            command(*arguments), capture_output=True, text=True, check=False, timeout=60
        )

    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr


def figures_folder(pid: int) -> Path:
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    (found,) = (e for e in environment if e.startswith(b"PROMETHEUS_MULTIPROC_DIR="))
    return Path(found.partition(b"=")[2].decode())


def figures_of_queries(server: Server) -> set[float]:
    """Ask often enough that each worker answers; give what they say of queries answered."""
    name = 'tileserver_requests_total{method="GET",service="qido.studies",status="204"}'
    texts = [httpx.get(f"{server.address}/metrics", timeout=60).text for _ in range(16)]
    lines = [line for text in texts for line in text.splitlines() if line.startswith(name)]
    assert len(lines) == len(texts)
    return {float(line.split()[-1]) for line in lines}


def test_figures_add_up_over_workers_and_those_that_died(tmp_path):
    with serving(tmp_path / "data", "--workers", "2") as server:
        pids = sorted(workers(server))
        folder = figures_folder(pids[0])
        for _ in range(40):
            anew(server, "GET", "/studies")
        before = figures_of_queries(server)
        files = sorted(path.name for path in folder.iterdir())
        os.kill(pids[0], signal.SIGKILL)
        while len(workers(server)) < 2 or workers(server) == set(pids):
            server.is_alive()
        for _ in range(40):
            anew(server, "GET", "/studies")
        after = figures_of_queries(server)
        files_after = sorted(path.name for path in folder.iterdir())

    assert (before, after) == ({40}, {80})
    assert files == ["counter_0.db", "counter_1.db", "histogram_0.db", "histogram_1.db"]
    assert files_after == files
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_figures_are_in_a_private_folder_that_is_removed(tmp_path, number):
    with serving(tmp_path / "data", "--workers", "2") as server:
        folder = figures_folder(min(workers(server)))
        mode = folder.stat().st_mode & 0o777
        server.process.send_signal(number)
        server.process.wait(timeout=20)

    assert mode == 0o700
    assert not folder.exists()
