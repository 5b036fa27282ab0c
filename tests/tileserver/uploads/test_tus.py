# SPDX-License-Identifier: Apache-2.0
"""Uploads by the tus protocol: broken off, gone on with, and whole in the end."""

from __future__ import annotations

import base64
import hashlib
import socket
from pathlib import Path

import pytest
import uploading as up
from servers import Server, serving
from slides import write_svs


@pytest.fixture(scope="module")
def slide(tmp_path_factory) -> bytes:
    return write_svs(tmp_path_factory.mktemp("slide") / "slide.svs").path.read_bytes()


def broken_off(server: Server, path: str, data: bytes, offset: int) -> None:
    """Send a part of what is announced, and break the connection."""
    host, port = server.address.removeprefix("http://").split(":")
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: {host}:{port}\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: {up.STREAM}\r\nUpload-Offset: {offset}\r\n"
        f"Content-Length: {len(data) * 2 + 1}\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + data)


def files_of(server: Server) -> list[Path]:
    return [path for path in (server.data / "uploads").rglob("files/**/*") if path.is_file()]


def test_the_protocol_is_told(server):
    answer = server.http.options("/api/uploads")

    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert "creation" in answer.headers["tus-extension"]
    assert answer.headers["tus-max-size"] == str(64 << 30)


def test_an_upload_that_is_broken_off_ten_times_is_the_file_by_its_hash(tmp_path):
    data = hashlib.shake_256(b"slide").digest(5_000_000)
    with serving(tmp_path / "data", "--jobs-at-once", "0") as server:
        path = up.begun(server, len(data), filename="slide.svs")
        part, begins = len(data) // 11, [0]
        for _ in range(10):
            broken_off(server, path, data[begins[-1] : begins[-1] + part], begins[-1])
            begins.append(up.offset(server, path))
        answer = up.resumed(server, path, data)

        assert begins == sorted(begins)
        assert begins[-1] > 0
        assert answer.headers["upload-offset"] == "5000000"
        (file,) = files_of(server)
        assert hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(data).digest()
        assert up.job(server, up.job_number(answer))["kind"] == "convert"


def test_an_upload_outlives_kills_of_the_server(tmp_path):
    data = hashlib.shake_256(b"other").digest(3_000_000)
    path, sent = "", 0
    for number in range(3):
        with serving(tmp_path / "data", "--jobs-at-once", "0") as server:
            path = path or up.begun(server, len(data), filename="slide.svs")
            assert up.offset(server, path) == sent
            sent = (number + 1) * 1_000_000
            answer = up.send(server, path, data[sent - 1_000_000 : sent], sent - 1_000_000)
            assert answer.status_code == 204
            server.process.kill()
    with serving(tmp_path / "data", "--jobs-at-once", "0") as server:
        (file,) = files_of(server)
        assert file.read_bytes() == data
        assert [job["kind"] for job in server.http.get("/api/jobs").json()["jobs"]] == ["convert"]


def test_another_offset_is_a_conflict_and_changes_nothing(server):
    path = up.begun(server, 10)
    up.send(server, path, b"12345")

    assert up.send(server, path, b"345", 2).status_code == 409
    assert up.send(server, path, b"78", 7).status_code == 409
    assert up.offset(server, path) == 5


def test_more_bytes_than_announced_are_refused(server):
    path = up.begun(server, 4)

    assert up.send(server, path, b"12345").status_code == 413
    assert up.offset(server, path) == 0


def test_bytes_of_another_checksum_do_not_count(server):
    path = up.begun(server, 8)
    digest = base64.b64encode(hashlib.sha256(b"1234").digest()).decode()

    bad = up.send(server, path, b"1235", **{"Upload-Checksum": f"sha256 {digest}"})
    assert (bad.status_code, up.offset(server, path)) == (460, 0)
    good = up.send(server, path, b"1234", **{"Upload-Checksum": f"sha256 {digest}"})
    assert (good.status_code, up.offset(server, path)) == (204, 4)


def test_whoever_comes_again_takes_over(server):
    path = up.begun(server, 100)
    host, port = server.address.removeprefix("http://").split(":")
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: {host}:{port}\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: {up.STREAM}\r\nUpload-Offset: 0\r\nContent-Length: 100\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as dead:
        dead.sendall(head.encode() + b"x" * 10)

        for _ in range(3):  # what was sent first may only arrive by now
            begin = up.offset(server, path)
            answer = up.send(server, path, b"y" * (100 - begin), begin)
            if answer.status_code != 409:
                break

    assert answer.status_code == 204


def test_an_upload_can_be_removed(server):
    path = up.begun(server, 10)

    assert server.http.delete(path, headers=up.TUS).status_code == 204
    assert server.http.head(path, headers=up.TUS).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 412),
        ({"Tus-Resumable": "0.2.2", "Upload-Length": "1"}, 412),
        (up.TUS, 400),
        ({**up.TUS, "Upload-Length": "-1"}, 400),
        ({**up.TUS, "Upload-Length": "9" * 30}, 400),
        ({**up.TUS, "Upload-Length": str(1 << 50)}, 413),
        ({**up.TUS, "Upload-Length": "1", "Upload-Metadata": "filename %"}, 400),
        ({**up.TUS, "Upload-Length": "1", "Upload-Metadata": "evil AAAA"}, 400),
        ({**up.TUS, "Upload-Length": "1", "Origin": "https://evil.example"}, 403),
    ],
)
def test_what_makes_no_sense_is_refused(server, headers, status):
    assert server.http.post("/api/uploads", headers=headers).status_code == status


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/../../b.dat", "/etc/passwd", "..", "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused_or_stays_a_name(server, name):
    single = up.begin(server, 3, filename=name)
    several = up.begin(server, 3, filename=name, group="slide-00001", files="2")

    assert (single.status_code, several.status_code) == (201, 400)
    up.send(server, single.headers["location"].removeprefix(server.address), b"abc")
    assert all((server.data / "uploads") in path.resolve().parents for path in files_of(server))
    assert not (server.data.parent / "etc").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codek": "jpeg"}, "unknown parameter 'codek'; expected name, metadata, mpp, levels, "
         "codec, verify"),
        ({"verify": "yes"}, "verify: expected true or false"),
        ({"metadata": {"patient": {"idd": "1"}}}, "metadata.patient"),
        ({"metadata": {"patient": {"birth_date": "x"}}}, "metadata.patient.birth_date: "),
        ({"metadata": []}, "metadata: expected a JSON object"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_options_is_told_at_once(server, options, message):
    answer = up.begin(server, 10, filename="a.svs", options=options)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message), answer.json()["message"]


def test_options_of_the_conversion_are_checked_before_a_byte_is_sent(server):
    answer = up.begin(server, 10, filename="a.svs", options={"codec": "gif"})

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("codec: expected keep or jpeg or")


def test_the_files_of_one_slide_make_one_job(tmp_path, slide):
    """Of a slide of several files the conversion begins with the last, whatever the order."""
    with serving(tmp_path / "data", "--jobs-at-once", "0") as server:
        jobs = []
        for name in ("slide/Data0001.dat", "slide/Slidedat.ini", "slide.mrxs"):
            path = up.begun(server, 3, filename=name, group="slide-2026-1", files="3")
            answer = up.send(server, path, b"abc")
            jobs += [up.job_number(answer)] if "monitor" in answer.links else []

        assert jobs == [1]
        names = {str(path).split("/files/")[1] for path in files_of(server)}
        assert names == {"slide/Data0001.dat", "slide/Slidedat.ini", "slide.mrxs"}
