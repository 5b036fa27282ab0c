# SPDX-License-Identifier: Apache-2.0
"""A server that is told to stop: what it answers it answers, what is being sent it refuses."""

from __future__ import annotations

import http.client
import os
import socket
import threading
from pathlib import Path

import instances
import pytest
from reliability.history import History, busy, stored_uids
from reliability.ledger import Found, Ledger, Name, check, file_of, litter, opened
from reliability.report import tell
from reliability.serving_faults import served, stop
from servers import STOW_TYPE, Server, multipart

STOPS = int(os.environ.get("COVERSLIP_STOPS", "2"))
"""Servers that are stopped while clients store and delete; ``make reliability`` has more."""


def connected(server: Server) -> http.client.HTTPConnection:
    host, port = server.address.removeprefix("http://").split(":")
    return http.client.HTTPConnection(host, int(port), timeout=30)


def begin_upload(server: Server, body: bytes, sent: int) -> http.client.HTTPConnection:
    """Send a part of a store request, and make sure that the server has taken it."""
    upload = connected(server)
    upload.putrequest("POST", "/dicomweb/studies")
    upload.putheader("Content-Type", STOW_TYPE)
    upload.putheader("Content-Length", str(len(body)))
    upload.endheaders()
    upload.send(body[:sent])
    while not list((server.data / "incoming").iterdir()):
        assert server.http.get("/healthz").is_success
    return upload


def large(study: str, size: int) -> bytes:
    return instances.written(instances.slide([bytes(size)], StudyInstanceUID=study))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_upload_that_is_under_way_is_not_acknowledged(tmp_path, workers):
    body = multipart([large("1.2.1", 8 << 20)])
    with served(tmp_path / "data", "--workers", workers) as server:
        upload = begin_upload(server, body, len(body) - 10)
        server.process.terminate()

        answer = upload.getresponse()

        assert (answer.status, b"the server is stopping" in answer.read()) == (503, True)
        upload.close()
        assert server.process.wait(timeout=9) is not None  # sooner than one is waited for
    assert_nothing_is_left_over(tmp_path / "data")
    with served(tmp_path / "data") as server:
        assert server.get("/studies/1.2.1").status_code == 404
        stop(server)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_download_that_is_under_way_comes_whole(tmp_path, workers):
    file = large("1.2.1", 32 << 20)
    with served(tmp_path / "data", "--workers", workers) as server:
        assert server.store(file).is_success
        download = connected(server)
        download.request("GET", "/dicomweb/studies/1.2.1")
        answer = download.getresponse()
        begun = answer.read(1 << 20)
        server.process.terminate()
        wait_until_closed(server)

        whole = begun + answer.read()

        assert file in whole
        download.close()
        assert server.process.wait(timeout=30) is not None
        assert "answer broken off" not in server.log.read_text()
    assert_nothing_is_left_over(tmp_path / "data")


def wait_until_closed(server: Server) -> None:
    """Wait until a server that was told to stop lets nobody in any more."""
    host, port = server.address.removeprefix("http://").split(":")
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=30).close()
        except OSError:
            return


def test_a_server_that_stops_while_clients_are_busy_keeps_its_word(tmp_path, capsys):
    history = History(lambda: 0)
    found = Found()

    for number in range(STOPS):
        with served(tmp_path / "data") as server:
            enough = history.stored + 40
            clients = threading.Thread(
                target=busy, args=(server.address, history, 4, lambda: False, number * 10)
            )
            clients.start()
            while history.stored < enough:
                assert server.http.get("/healthz").is_success
            stop(server)
            clients.join()
        found.add(check(tmp_path / "data", history.ledger(0)))

    assert found == Found()
    tell(
        capsys,
        found,
        f"{STOPS} servers stopped among 4 clients, {history.stored} instances acknowledged",
    )


def assert_nothing_is_left_over(data: Path) -> None:
    # Before anything is opened anew, which would take it away.
    assert list((data / "incoming").iterdir()) == []
    with opened(data) as (_, index):
        assert litter(data, index) == []


def test_fifty_clients_that_post_the_same_store_it_once(tmp_path, capsys):
    names = [Name(1, number) for number in range(200)]
    files = [file_of(name) for name in names]
    answers: list[tuple[int, int]] = []
    ledger = Ledger()
    for name, file in zip(names, files, strict=True):
        ledger.must(name, file)

    def post(server: Server, number: int) -> None:
        client = connected(server)
        for begin in range(0, 200, 20):
            # Each begins somewhere else.
            some = [files[(number * 20 + begin + index) % 200] for index in range(20)]
            client.request(
                "POST", "/dicomweb/studies", multipart(some), {"Content-Type": STOW_TYPE}
            )
            answer = client.getresponse()
            answers.append((answer.status, len(acknowledged(answer))))
        client.close()

    with served(tmp_path / "data", "--workers", "2") as server:
        threads = [threading.Thread(target=post, args=(server, number)) for number in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stop(server)

    assert set(answers) == {(200, 20)}
    assert len(answers) == 500
    found = check(tmp_path / "data", ledger)
    assert found == Found()
    tell(capsys, found, "50 clients posted the same 200 instances, 200 stored, 500 answers of 200")


def acknowledged(answer: http.client.HTTPResponse) -> set[str]:
    import httpx

    return stored_uids(httpx.Response(answer.status, content=answer.read()))
